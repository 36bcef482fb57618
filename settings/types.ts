/** What the configuration says, once it is checked: plain values that components are given. */
import type { AccessoryKind } from "./accessoryKinds.ts";

/** What a release carries and brings back with it; kept in the ledger. Durations in seconds, sizes in bytes. */
export interface ReleaseSettings {
  readonly containerPort: number;
  readonly replicas: number;
  readonly strategy: "blue-green" | "recreate";
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
  readonly drain: number;
  readonly resources: { readonly cpus: number; readonly memory: number; readonly pids: number };
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly VolumeSettings[];
  readonly binds: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  /** Left out where there is none, as in the ledger of an earlier Berth. */
  readonly tmpfs?: readonly { readonly target: string; readonly size: number }[];
  readonly workers: readonly WorkerSettings[];
  /** Names of the accessories whose address the release gets. Default: none. */
  readonly accessories?: readonly string[];
  /** Names of the secrets that a process gets: `web`, or a worker's name. A process that is not here gets all. Left out where none is. */
  readonly secretsFor?: Readonly<Record<string, readonly string[]>>;
}

/** Where a release finds data. */
export interface VolumeSettings {
  readonly name: string;
  readonly target: string;
  /** A volume of the engine that is mounted, and never made, changed or deleted. Left out where Berth makes one. */
  readonly existing?: string;
}

/** What a new volume begins with: a folder in the project, or a path in the image. */
export type SeedSettings = string | { readonly image: string };

/** A process of the release that takes no traffic. */
export interface WorkerSettings {
  readonly name: string;
  /** Given to the image's entrypoint. */
  readonly command: readonly string[];
  readonly replicas: number;
  /** A program in the container that exits with 0 while the worker is well. Default: it is well while it runs. */
  readonly healthcheck?: readonly string[] | undefined;
}

/** A command that runs in a container of the release and must succeed. */
export interface JobSettings {
  /** Given to the image's entrypoint. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** A stateful neighbour of the app, such as a database. */
export interface AccessorySettings {
  /** Also its host name for the app. */
  readonly name: string;
  readonly kind: AccessoryKind;
  /** Version in the tag of its image. */
  readonly version: string;
  readonly resources: { readonly cpus: number; readonly memory: number; readonly pids: number };
}

export interface MigrationSettings extends JobSettings {
  /** Whether the volumes are copied before, and put back where it fails. */
  readonly snapshot: boolean;
}

/** Where backups go. */
export interface BackupsSettings {
  /** A folder of the engine's host, or a repository in restic's words. */
  readonly target: string;
  /** Plain here; never given to a command line, an environment or a label. */
  readonly password: string;
  /** Environment variables of restic that open the target; plain here. */
  readonly credentials: Readonly<Record<string, string>>;
  /** What opens a target of SFTP. */
  readonly ssh?: SshSettings | undefined;
  /** A new release is refused when the last good drill is older, in seconds. Default: never. */
  readonly maxDrillAge?: number | undefined;
}

export interface SshSettings {
  /** Private key in OpenSSH's form, without a passphrase; plain here. */
  readonly key: string;
  /** Lines of a known_hosts file: a server with another key is refused. */
  readonly knownHosts: string;
}

/** How one volume is backed up. */
export interface VolumeBackup {
  /** The volume's name in the configuration. */
  readonly volume: string;
  /** Where the app finds it. */
  readonly target: string;
  /** A cron expression in the time zone of the machine that asks. Default: only by hand. */
  readonly schedule?: string | undefined;
  readonly keep: Keep;
  /** Runs in the app's container before the data are read. */
  readonly preHook?: readonly string[] | undefined;
  /** Runs in the app's container once the data are read. */
  readonly postHook?: readonly string[] | undefined;
  /** Folder of the volume that is left out. Default: none. */
  readonly leaveOut?: string | undefined;
  /** Given to the image's entrypoint, with a restored volume in the place of the data: exit code 0 where they are sound. */
  readonly check?: readonly string[] | undefined;
}

/** Which backups stay: so many of the last ones, or by rules. */
export type Keep = number | KeepRules;

/**
 * So many last ones, and the newest of so many hours, days, weeks, months and years that have one. What any rule keeps stays. Default of
 * each: 0.
 */
export interface KeepRules {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
}

/** A program that prints the value of a secret. */
export interface SecretProgram {
  /** Its words; the first is found by PATH. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** Where the value of a secret comes from: its bytes in Base64, or a program that prints them. */
export type SecretSettings = { readonly base64: string } | SecretProgram;

/** What to build an image from. */
export interface BuildSettings {
  /** A folder in the project; `app` where neither it nor `remoteContext` is set. */
  readonly context?: string | undefined;
  readonly dockerfile: string;
  readonly target?: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly platform?: string | undefined;
  readonly remoteContext?: string | undefined;
  /** Names of the secrets for `RUN --mount=type=secret`. Default: none. */
  readonly secrets?: readonly string[] | undefined;
}

/** How a release is watched after the switch. */
export interface BakeSettings {
  /** Seconds. */
  readonly duration: number;
  /** Share of answers with a status of 500 or above that is let pass, in percent. */
  readonly errors: number;
  /** How many times slower than before the switch the 95th percentile may get; 0: as slow as it likes. */
  readonly slowdown: number;
  /** Fewer answers than this are not judged. */
  readonly minRequests: number;
}

/** Another release beside the live one. */
export interface CanarySettings extends BakeSettings {
  /** A release of the ledger. Default: what `build` makes; the live release stays as it is. */
  readonly release?: string | undefined;
  /** Its share of the traffic is its share of all replicas. */
  readonly replicas: number;
  /** Whether `npm run up` makes it the live release where it proves as good. */
  readonly promote: boolean;
}

export type TlsSettings = { readonly acme: true } | { readonly certificate: string; readonly key: string };

/** The whole configuration: what belongs to the stack, and what the next release would carry. */
export interface Settings {
  readonly port: number;
  readonly httpsPort: number;
  readonly bindAddress: string;
  readonly hosts: readonly string[];
  readonly tls?: TlsSettings | undefined;
  readonly maintenance?: string | undefined;
  /** Default: a release is not watched. */
  readonly bake?: BakeSettings | undefined;
  /** Default: none. */
  readonly canary?: CanarySettings | undefined;
  /** Runs once per release, before the switch. */
  readonly migration?: MigrationSettings | undefined;
  /** Runs after the switch; where it fails, traffic goes back. */
  readonly smokeTest?: JobSettings | undefined;
  readonly accessories: readonly AccessorySettings[];
  /** Default: no backups. */
  readonly backups?: BackupsSettings | undefined;
  /** The volumes that are backed up. */
  readonly volumeBackups: readonly VolumeBackup[];
  readonly keepReleases: number;
  /** An earlier release to bring back. */
  readonly release?: string | undefined;
  readonly build: BuildSettings;
  readonly next: ReleaseSettings;
  /** What new volumes begin with, by their names. */
  readonly seeds: Readonly<Record<string, SeedSettings>>;
  /** Plain here; wrap in `pulumi.secret` before it goes into a resource. */
  readonly secrets: Readonly<Record<string, SecretSettings>>;
}

/** One key's raw text, and whether the stack file keeps it encrypted. */
export interface RawValue {
  readonly text: string;
  readonly secret: boolean;
}
