/**
 * Writes the secrets of a release into a volume of its own, by way of a container that is never started. Prints the
 * volume's name; run again, it writes into the same one.
 */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { labels, type Owner } from "../components/owner.ts";
import { copyInto } from "./copy.ts";
import { docker, readInput, runStep, tryDocker } from "./engine.ts";

export interface SecretsInput {
  readonly owner: Owner;
  /** Any image that the engine has; nothing in it runs. */
  readonly image: string;
  /** Numeric user that may read the files; null: everyone in the container. */
  readonly uid: number | null;
}

const FOLDER = "/run/secrets";

async function main(): Promise<void> {
  const { owner, image, uid } = readInput<SecretsInput>();
  const secrets = JSON.parse(await text(process.stdin)) as Record<string, string>;
  const volume = process.env["PULUMI_COMMAND_STDOUT"] || `${owner.project}-${owner.stack}-secrets-${randomBytes(4).toString("hex")}`;
  const marks = Object.entries(labels(owner, "secrets")).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  await docker(["volume", "create", ...marks, volume]);
  try {
    const helper = await docker(["create", ...marks, "--network", "none", "--volume", `${volume}:${FOLDER}`, image, "never-started"]);
    try {
      const access = uid === null ? { mode: 0o444 } : { mode: 0o400, uid };
      await copyInto(helper, FOLDER, Object.entries(secrets).map(([name, content]) => ({ name, content, ...access })));
    } finally {
      await docker(["rm", "--force", helper]);
    }
  } catch (error) {
    await tryDocker(["volume", "rm", volume]);
    throw error;
  }
  console.log(volume);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
