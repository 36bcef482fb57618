/**
 * Writes the secrets of a process into a volume of its own, by way of a container that is never started. Prints the
 * volume's name; run again, it writes into the same one.
 */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { labels, type Owner, stem } from "../release/labels.ts";
import { askProgram } from "../release/secretProgram.ts";
import type { SecretSettings } from "../settings/settings.ts";
import { copyInto } from "../engine/files.ts";
import { createVolume, removeVolume } from "../engine/volumes.ts";
import { IMAGES } from "../toolchain/versions.ts";
import { helperSpec, withHelper } from "./helper.ts";
import { readInput, runStep, StepError, withRepair } from "./step.ts";

export interface SecretsInput {
  readonly owner: Owner;
  /** Name of the process that reads them. */
  readonly process: string;
  /** Numeric user that may read the files; null: everyone in the container. */
  readonly uid: number | null;
}

const FOLDER = "/run/secrets";

async function main(): Promise<void> {
  const { owner, process: reader, uid } = readInput<SecretsInput>();
  const secrets = JSON.parse(await text(process.stdin)) as Record<string, SecretSettings>;
  const files = await Promise.all(Object.entries(secrets).map(async ([name, secret]) => ({ name, content: await bytesOf(name, secret) })));
  const known = process.env["PULUMI_COMMAND_STDOUT"];
  const volume = known || `${stem(owner)}-secrets-${reader}-${randomBytes(4).toString("hex")}`;
  const marks = labels(owner, "secrets");
  await createVolume(volume, marks);
  try {
    const access = uid === null ? { mode: 0o444 } : { mode: 0o400, uid };
    const readable = files.map((file) => ({ ...file, ...access }));
    await withHelper(helperSpec(marks, IMAGES.proxy, { volume, folder: FOLDER }), (helper) => copyInto(helper, FOLDER, readable));
  } catch (error) {
    if (known) throw error; // the volume is that of a release
    await removeVolume(volume).catch((second: unknown) => {
      throw withRepair(error, `A volume is left behind, docker volume rm ${volume}`, second);
    });
    throw error;
  }
  console.log(volume);
}

async function bytesOf(name: string, secret: SecretSettings): Promise<Buffer> {
  if ("base64" in secret) return Buffer.from(secret.base64, "base64");
  return askProgram(name, secret).catch((error: Error) => {
    throw new StepError(error.message);
  });
}

if (process.env["BERTH_INPUT"]) void runStep(main);
