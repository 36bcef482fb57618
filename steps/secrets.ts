/** Writes the secrets of a release into its own volume, by way of a container that is never started. */
import { text } from "node:stream/consumers";
import { copyInto } from "./copy.ts";
import { docker, readInput, runStep, tryDocker } from "./engine.ts";

export interface SecretsInput {
  /** The engine's name of the volume. */
  readonly volume: string;
  /** Any image that the engine has; nothing in it runs. */
  readonly image: string;
  /** Numeric user that may read the files; null: everyone in the container. */
  readonly uid: number | null;
}

const FOLDER = "/run/secrets";

async function main(): Promise<void> {
  const { volume, image, uid } = readInput<SecretsInput>();
  const secrets = JSON.parse(await text(process.stdin)) as Record<string, string>;
  const helper = await docker(["create", "--network", "none", "--volume", `${volume}:${FOLDER}`, image, "never-started"]);
  try {
    const access = uid === null ? { mode: 0o444 } : { mode: 0o400, uid };
    await copyInto(helper, FOLDER, Object.entries(secrets).map(([name, content]) => ({ name, content, ...access })));
  } finally {
    await tryDocker(["rm", "--force", helper]);
  }
  console.log(`${Object.keys(secrets).length} secrets written`);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
