/** Programs in the container that has the data open: before a backup reads them, and after. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ownedBy, type Owner } from "../../engine/labels.ts";
import { UserError } from "../shared/cli.ts";
import { docker } from "../../engine/containers.ts";

const run = promisify(execFile);
/** A hook may take so long, in milliseconds: a dump of a database takes its time. */
const PATIENCE = 3_600_000;
/** Of what a failed hook printed, so many lines are told. */
const LINES = 10;

/** A running container, and since when it runs. */
export interface Host {
  readonly name: string;
  readonly since: string;
}

/** The container to run hooks in: one that has the volume mounted, best one that serves. @throws UserError where none runs */
export async function hostOfHooks(owner: Owner, volume: { readonly name: string; readonly engineName: string }, serving: readonly string[]): Promise<Host> {
  const rows = await docker("ps", ...ownedBy(owner), "--filter", `volume=${volume.engineName}`, "--filter", "status=running", "--format", '{{.Names}} {{.Label "berth.part"}}');
  const names = rows.split("\n").filter((row) => / (web|worker|accessory)$/.test(row)).map((row) => row.split(" ")[0] ?? "");
  const name = names.find((each) => serving.includes(each)) ?? names[0];
  if (name === undefined) throw new UserError(`the hooks of volume ${volume.name} need a running container that mounts it, and there is none: npm run up -- --stack ${owner.stack}`);
  return { name, since: (await startOf(name)) ?? "" };
}

const startOf = (name: string): Promise<string | undefined> => docker("inspect", "--format", "{{.State.StartedAt}}", name).catch(() => undefined);

/** Whether it still runs, without having been started anew. */
export const stillRuns = async ({ name, since }: Host): Promise<boolean> => (await docker("inspect", "--format", "{{.State.Running}} {{.State.StartedAt}}", name).catch(() => "")) === `true ${since}`;

/** @throws UserError with the hook's last words */
export async function runHook(what: "preHook" | "postHook", host: Host, words: readonly string[]): Promise<void> {
  try {
    await run("docker", ["exec", host.name, ...words], { timeout: PATIENCE, maxBuffer: 64 * 1024 ** 2 });
  } catch (error) {
    const { stdout = "", stderr = "", code } = error as { stdout?: string; stderr?: string; code?: number };
    const last = `${stdout}${stderr}`.split("\n").filter(Boolean).slice(-LINES);
    throw new UserError([`the ${what} failed in container ${host.name} with exit code ${code}: ${words.join(" ")}`, ...last.map((line) => `  ${line}`)].join("\n"));
  }
}
