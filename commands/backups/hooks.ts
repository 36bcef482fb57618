/** Programs in the container that has the data open: before a backup reads them, and after. */
import { execIn, findContainer, listContainers, nameOf } from "../../engine/containers.ts";
import { LABEL, ownedBy, type Owner } from "../../release/labels.ts";
import { UserError } from "../shared/cli.ts";

/** A hook may take so long, in seconds: a dump of a database takes its time. */
const PATIENCE = 3600;
/** Of what a failed hook printed, so many lines are told. */
const LINES = 10;
/** What a container with the data open is for. */
const PARTS = ["web", "worker", "accessory"];

/** A running container, and since when it runs. */
export interface Host {
  readonly name: string;
  readonly since: string;
}

/** The container to run hooks in: one that has the volume mounted, best one that serves. @throws UserError where none runs */
export async function hostOfHooks(
  owner: Owner,
  volume: { readonly name: string; readonly engineName: string },
  serving: readonly string[],
): Promise<Host> {
  const listed = await listContainers({ ...ownedBy(owner), volume: [volume.engineName], status: ["running"] });
  const names = listed.filter(({ Labels }) => PARTS.includes(Labels[LABEL.part] ?? "")).map(nameOf);
  const name = names.find((each) => serving.includes(each)) ?? names[0];
  const found = name === undefined ? undefined : await findContainer(name);
  if (name === undefined || found === undefined) {
    const none = `the hooks of volume ${volume.name} need a running container that mounts it, and there is none`;
    throw new UserError(`${none}: npm run up -- --stack ${owner.stack}`);
  }
  return { name, since: found.State.StartedAt };
}

/** Whether it still runs, without having been started anew. @throws EngineError where that cannot be known */
export async function stillRuns({ name, since }: Host): Promise<boolean> {
  const found = await findContainer(name);
  return found?.State.Status === "running" && found.State.StartedAt === since;
}

/** @throws UserError with the hook's last words, or where it takes longer than an hour */
export async function runHook(what: "preHook" | "postHook", host: Host, words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await execIn(host.name, words, { seconds: PATIENCE });
  if (code === 0) return;
  const last = `${stdout}${stderr}`.split("\n").filter(Boolean).slice(-LINES);
  const failed = `the ${what} failed in container ${host.name} with exit code ${code}: ${words.join(" ")}`;
  throw new UserError([failed, ...last.map((line) => `  ${line}`)].join("\n"));
}
