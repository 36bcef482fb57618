/** The container in which restic works, and what it is given to read. Pure. */
import { containerSpec } from "../../components/containerSpec.ts";
import { hardened } from "../../components/hardening.ts";
import { tmpfsMount } from "../../components/mounts.ts";
import type { ContainerSpec } from "../../engine/containers.ts";
import { LABEL, labelList, labels, type Owner } from "../../release/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { IMAGES } from "../../toolchain/versions.ts";

/** Where restic finds what it works on, in its container. */
export const VOLUME = "/volume";
const REPOSITORY = "/repository";
export const SECRETS = "/run/secrets";
/** Label of a container with its host name, by which a lock of restic is known as its. */
export const HOST_LABEL = "berth.host";

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

/** What the container is called, and what it runs. */
export interface Work {
  /** Its host name, which restic writes into its locks. */
  readonly host: string;
  /** For the shell, and its $0, $1 and so on. */
  readonly script: string;
  readonly words?: readonly string[];
  /** Whether the script is the first process, and no workspace of that host name. Default: a small init is. */
  readonly bare?: boolean;
}

/** Whether the target is a folder of the engine's host. */
const isFolder = (target: string): boolean => target.startsWith("/");

/** A container that reads its standard input, ends with the connection to that, and leaves nothing. */
export function workspaceSpec(
  owner: Owner,
  backups: Pick<BackupsSettings, "target">,
  options: WorkspaceOptions,
  work: Work,
): ContainerSpec {
  const { target } = backups;
  const { what, volume, mount } = options;
  const { host, script, words = [], bare = false } = work;
  const { cpus: _, restart: __, ...limits } = hardened({ memory: MEMORY, cpus: 1, cpuShares: CPU_SHARES });
  const more = { ...(!bare && { [HOST_LABEL]: host }), ...(volume !== undefined && { [LABEL.volume]: volume }) };
  const marks = labels(owner, "backup", { [LABEL.doing]: what, ...more });
  // It reads files of every user, and gives them back to their owners: root, with no more rights than that takes.
  const rights = ["DAC_OVERRIDE", ...(mount?.write ? ["CHOWN", "FOWNER", "FSETID", "SETFCAP"] : [])];
  const spec = containerSpec(
    {
      ...limits,
      image: IMAGES.restic,
      user: "0:0",
      capabilities: { drops: ["ALL"], adds: rights },
      tmpfs: { "/tmp": tmpfsMount(TMP), [SECRETS]: "rw,noexec,nosuid,nodev,mode=0700,size=1m" },
      init: !bare,
      envs: [`RESTIC_PASSWORD_FILE=${SECRETS}/password`, `RESTIC_REPOSITORY_FILE=${SECRETS}/repository`, "RESTIC_PROGRESS_FPS=0.5"],
      labels: labelList(marks),
      mounts: [
        ...(isFolder(target) ? [{ type: "bind", source: target, target: REPOSITORY }] : []),
        ...(mount ? [{ type: "volume", source: mount.source, target: VOLUME, readOnly: !mount.write }] : []),
      ],
    },
    PIDS,
  );
  return {
    ...spec,
    Hostname: host,
    Entrypoint: ["/bin/sh", "-c"],
    Cmd: [script, ...words],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    HostConfig: { ...spec.HostConfig, NetworkMode: isFolder(target) ? "none" : "bridge", AutoRemove: true },
  };
}

/** The lines that the container reads its secrets from. */
export function secretLines({ target, password, credentials, ssh }: BackupsSettings): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const files = {
    password,
    repository: isFolder(target) ? REPOSITORY : target,
    environment: Object.entries(credentials)
      .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
      .join(""),
    ...(ssh && { "ssh-key": `${ssh.key.trimEnd()}\n`, "known-hosts": `${ssh.knownHosts.trimEnd()}\n` }),
  };
  return [...Object.entries(files).map(([name, text]) => `${name} ${Buffer.from(text).toString("base64")}`), "end", ""].join("\n");
}

/** The options that every command of restic gets. */
export const alwaysWords = ({ target, ssh }: Pick<BackupsSettings, "target" | "ssh">): string[] => [
  ...(isFolder(target) ? ["--no-cache"] : []),
  ...(ssh ? ["-o", `sftp.args=${SSH}`] : []),
];
