/** How the container in which restic works is started, and what it is given to read. Pure. */
import { containerFlags, mountWords } from "../../components/containerFlags.ts";
import { hardened } from "../../components/hardening.ts";
import { tmpfsMount } from "../../components/mounts.ts";
import { labels, type Owner } from "../../engine/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { IMAGES } from "../../toolchain/versions.ts";

/** Where restic finds what it works on, in its container. */
export const VOLUME = "/volume";
const REPOSITORY = "/repository";
export const SECRETS = "/run/secrets";

/** Bytes. Restic holds its index in memory: 1 GiB is enough for some terabytes. */
const MEMORY = 1024 ** 3;
/** Weight when processors are short: that of a replica. */
const CPU_SHARES = 512;
/** Mebibytes for what restic gathers before it writes: some packs of 16 MiB at once. */
const TMP = 256;
const PIDS = 256;

/** Who the server is, is known before: nobody is asked. */
const SSH = `-F none -i ${SECRETS}/ssh-key -o UserKnownHostsFile=${SECRETS}/known-hosts -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o BatchMode=yes -o ConnectTimeout=20`;

export interface WorkspaceOptions {
  /** What it does, such as "backup", as others are told of it. */
  readonly what: string;
  /** The volume's name in the configuration. Default: it only looks at the repository, and others may do so, too. */
  readonly volume?: string;
  /** The engine's volume to work on, and whether it is written to. */
  readonly mount?: { readonly source: string; readonly write: boolean };
}

/** Whether the target is a folder of the engine's host. */
const isFolder = (target: string): boolean => target.startsWith("/");

/** The options of `docker run`. */
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

/** The lines that the container reads its secrets from. */
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

/** The options that every command of restic gets. */
export const alwaysWords = ({ target, ssh }: Pick<BackupsSettings, "target" | "ssh">): string[] => [...(isFolder(target) ? ["--no-cache"] : []), ...(ssh ? ["-o", `sftp.args=${SSH}`] : [])];
