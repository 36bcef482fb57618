/**
 * A container in which restic works for one volume. Its name is the volume's, so there is never a second one; it lives
 * as long as the command that opened it, and a release does not touch it. The password and the credentials go in by
 * standard input and are kept in memory: in no argument, environment, label or file of the engine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import type { Owner } from "../../engine/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { IMAGES } from "../../toolchain/versions.ts";
import { UserError } from "../shared/cli.ts";
import { docker } from "../../engine/containers.ts";
import { explain, retryIn } from "./resticErrors.ts";
import { alwaysWords, secretLines, SECRETS, type WorkspaceOptions, workspaceFlags } from "./workspaceFlags.ts";

/** Takes the secrets, waits until the command that opened it ends or dies, and then lets restic take its locks away. */
const MAIN = `umask 077
while read -r name value && [ "$name" != end ]; do printf %s "$value" | base64 -d > ${SECRETS}/"$name"; done
echo ready
read -r _
kill -INT -1
i=0; while [ $i -lt 100 ] && pidof restic > /dev/null; do sleep 0.1; i=$((i+1)); done`;
const RESTIC = `. ${SECRETS}/environment; exec restic "$@"`;

/** Another command works on the same volume's backups. */
export class Busy extends UserError {}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workspace {
  /** Runs restic, telling each line of its output. */
  tryRestic(words: readonly string[], onLine?: (line: string) => void): Promise<Result>;
  /** Like `tryRestic`, for what must succeed. @throws UserError */
  restic(words: readonly string[], onLine?: (line: string) => void): Promise<string>;
  /** Runs another program of the image. @throws UserError */
  run(...words: string[]): Promise<string>;
  /** Ends what is at work, and the container. */
  close(): Promise<void>;
}

/** Name of the container that works on a volume's backups. */
export const workspaceName = ({ project, stack }: Owner, volume: string): string => `${project}-${stack}-backup-${volume}`;

/** Opens one. @throws Busy where another one works on the same volume @throws UserError where the target is not there */
export async function openWorkspace(owner: Owner, backups: BackupsSettings, options: WorkspaceOptions): Promise<Workspace> {
  const { target } = backups;
  const flags = workspaceFlags(owner, backups, options);
  const name = options.volume === undefined ? `${workspaceName(owner, "look")}-${randomBytes(3).toString("hex")}` : workspaceName(owner, options.volume);
  await removeEnded(name);
  // A group of its own: Ctrl-C in a terminal goes to the command alone, which then ends things in their order.
  const child = spawn("docker", ["run", "--name", name, ...flags, IMAGES.restic, "-c", MAIN], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  child.stdin.on("error", () => undefined); // a container that could not be made says so by its words
  child.stdin.write(secretLines(backups));
  if (!(await isReady(child))) {
    await closed;
    if (/is already in use/.test(words)) throw new Busy(`volume ${options.volume} is being worked on: ${await whatRuns(name)}`);
    if (/bind source path does not exist/.test(words)) throw new UserError(`berth:backups.target ${target} does not exist on the engine's host: make the folder, or mount the disk that it is on`);
    throw new UserError(`the container for ${options.what} could not be started: ${words.trim()}`);
  }
  const always = alwaysWords(backups);

  const workspace: Workspace = {
    tryRestic: (restic, onLine) =>
      exec(name, ["/bin/sh", "-c", RESTIC, "restic", ...always, ...restic], onLine, (line) => {
        const retry = retryIn(line);
        if (retry && !retry.hopeless) console.error(`${target} does not do what it should, and restic tries again: ${retry.reason}`);
        return retry?.hopeless ?? false;
      }),
    async restic(restic, onLine) {
      const { code, stdout, stderr } = await workspace.tryRestic(restic, onLine);
      if (code !== 0) throw new UserError(explain(code, stderr, target));
      return stdout;
    },
    async run(...program) {
      const { code, stdout, stderr } = await exec(name, program);
      if (code !== 0) throw new UserError(`${program[0]}: ${(stderr || stdout).trim()}`);
      return stdout.trim();
    },
    async close() {
      child.stdin.end();
      await closed;
    },
  };
  return workspace;
}

/** Whether the container has its secrets; not, where it has ended before. */
const isReady = (child: ChildProcess): Promise<boolean> =>
  new Promise((resolve) => {
    child.stdout?.once("data", () => resolve(true));
    child.on("close", () => resolve(false));
  });

/** A container that is made is started at once: after so many milliseconds nobody will. */
const STARTED_WITHIN = 60_000;

/** What an engine that was cut off has left of a container. */
async function removeEnded(name: string): Promise<void> {
  const found = await docker("inspect", "--type", "container", "--format", "{{.State.Status}} {{.Created}}", name).catch(() => "");
  const [state = "", created = ""] = found.split(" ");
  const ended = ["exited", "dead"].includes(state) || (state === "created" && Date.now() - Date.parse(created) > STARTED_WITHIN);
  if (ended) await docker("rm", "--force", name).catch(() => undefined); // another command was quicker
}

const whatRuns = (name: string): Promise<string> =>
  docker("inspect", "--format", '{{index .Config.Labels "berth.doing"}} since {{.State.StartedAt}} in container', name).then((words) => `${words} ${name}`, () => `container ${name}`);

/** @param hopeless asked with each line on standard error: whether to wait for no more; what runs is ended by `close` */
function exec(container: string, words: readonly string[], onLine?: (line: string) => void, hopeless?: (line: string) => boolean): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", ["exec", container, ...words], { stdio: ["ignore", "pipe", "pipe"], detached: true });
    let stdout = "";
    let stderr = "";
    if (onLine) createInterface({ input: child.stdout }).on("line", onLine);
    else child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    let gaveUp = false;
    let line = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = `${line}${text}`.split("\n");
      line = lines.pop() ?? "";
      if (!lines.some((whole) => hopeless?.(whole))) return;
      gaveUp = true;
      child.kill();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: gaveUp ? 1 : (code ?? 1), stdout, stderr }));
  });
}
