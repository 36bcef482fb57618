/**
 * A container in which restic works for one volume. Its name is the volume's, so there is never a second one; it lives
 * as long as the command that opened it, and a release does not touch it. The password and the credentials go in by
 * standard input and are kept in memory: in no argument, environment, label or file of the engine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { containerFlags, mountWords } from "../../components/containerFlags.ts";
import { hardened } from "../../components/hardening.ts";
import { tmpfsMount } from "../../components/mounts.ts";
import { labels, type Owner } from "../../components/owner.ts";
import type { BackupsSettings } from "../../settings.ts";
import { IMAGES } from "../../toolchain/versions.ts";
import { UserError } from "../shared/cli.ts";
import { docker } from "../shared/docker.ts";
import { explain, retryIn } from "./resticErrors.ts";

/** Where restic finds what it works on, in its container. */
export const VOLUME = "/volume";
const REPOSITORY = "/repository";
const SECRETS = "/run/secrets";

/** Bytes. Restic holds its index in memory: 1 GiB is enough for some terabytes. */
const MEMORY = 1024 ** 3;
/** Weight when processors are short: that of a replica. */
const CPU_SHARES = 512;
/** Mebibytes for what restic gathers before it writes: some packs of 16 MiB at once. */
const TMP = 256;
const PIDS = 256;

/** Takes the secrets, waits until the command that opened it ends or dies, and then lets restic take its locks away. */
const MAIN = `umask 077
while read -r name value && [ "$name" != end ]; do printf %s "$value" | base64 -d > ${SECRETS}/"$name"; done
echo ready
read -r _
kill -INT -1
i=0; while [ $i -lt 100 ] && pidof restic > /dev/null; do sleep 0.1; i=$((i+1)); done`;
/** Who the server is, is known before: nobody is asked. */
const SSH = `-F none -i ${SECRETS}/ssh-key -o UserKnownHostsFile=${SECRETS}/known-hosts -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o BatchMode=yes -o ConnectTimeout=20`;
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

export interface WorkspaceOptions {
  /** What it does, such as "backup", as others are told of it. */
  readonly what: string;
  /** The volume's name in the configuration. Default: it only looks at the repository, and others may do so, too. */
  readonly volume?: string;
  /** The engine's volume to work on, and whether it is written to. */
  readonly mount?: { readonly source: string; readonly write: boolean };
}

/** Name of the container that works on a volume's backups. */
export const workspaceName = ({ project, stack }: Owner, volume: string): string => `${project}-${stack}-backup-${volume}`;

/** Whether the target is a folder of the engine's host. */
export const isFolder = (target: string): boolean => target.startsWith("/");

/** The options of `docker run`. Pure. */
export function workspaceFlags(owner: Owner, { target }: Pick<BackupsSettings, "target">, { what, volume, mount }: WorkspaceOptions): string[] {
  const { cpus: _, restart: __, capabilities: ___, ...limits } = hardened({ memory: MEMORY, cpus: 1, cpuShares: CPU_SHARES });
  const marks = labels(owner, "backup", { "berth.doing": what, ...(volume !== undefined && { "berth.volume": volume }) });
  // It reads files of every user, and gives them back to their owners: root, with no more rights than that takes.
  const rights = ["DAC_OVERRIDE", ...(mount?.write ? ["CHOWN", "FOWNER", "FSETID", "SETFCAP"] : [])];
  return [
    ...["--rm", "--interactive", "--user", "0:0", "--entrypoint", "/bin/sh", "--network", isFolder(target) ? "none" : "bridge", "--pids-limit", String(PIDS)],
    ...containerFlags({ ...limits, tmpfs: { "/tmp": tmpfsMount(TMP) }, image: IMAGES.restic, capabilities: { drops: ["ALL"] }, labels: Object.entries(marks).map(([label, value]) => ({ label, value })) }),
    ...rights.flatMap((right) => ["--cap-add", right]),
    ...["--tmpfs", `${SECRETS}:rw,noexec,nosuid,nodev,mode=0700,size=1m`],
    ...["--env", `RESTIC_PASSWORD_FILE=${SECRETS}/password`, "--env", `RESTIC_REPOSITORY_FILE=${SECRETS}/repository`, "--env", "RESTIC_PROGRESS_FPS=2"],
    ...(isFolder(target) ? mountWords({ type: "bind", source: target, target: REPOSITORY }) : []),
    ...(mount ? mountWords({ type: "volume", source: mount.source, target: VOLUME, readOnly: !mount.write }) : []),
  ];
}

/** The lines that the container reads its secrets from. Pure. */
export function secretLines({ target, password, credentials, ssh }: BackupsSettings): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const files = {
    password,
    repository: isFolder(target) ? REPOSITORY : target,
    environment: Object.entries(credentials).map(([name, value]) => `export ${name}=${quoted(value)}\n`).join(""),
    ...(ssh && { "ssh-key": `${ssh.key.trimEnd()}\n`, "known-hosts": `${ssh.knownHosts.trimEnd()}\n` }),
  };
  return [...Object.entries(files).map(([name, text]) => `${name} ${Buffer.from(text).toString("base64")}`), "end", ""].join("\n");
}

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
  const always = [...(isFolder(target) ? ["--no-cache"] : []), ...(backups.ssh ? ["-o", `sftp.args=${SSH}`] : [])];

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
