/**
 * The stack's configuration, read once and checked whole before anything is touched.
 * Components never read configuration themselves; they are given these plain values.
 */
import * as pulumi from "@pulumi/pulumi";
import { ACCESSORIES, type AccessoryKind, backupOf, dataOf } from "./components/accessoryKinds.ts";
import type { SecretProgram } from "./components/secretProgram.ts";
import { findConflicts } from "./settings/conflicts.ts";
import { ConfigError, describeProblems } from "./settings/errors.ts";
import { schema } from "./settings/schema.ts";

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
  /** A new release is refused when the last good drill is older, in seconds. Default: never. */
  readonly maxDrillAge?: number | undefined;
}

/** How one volume is backed up. */
export interface VolumeBackup {
  /** The volume's name in the configuration. */
  readonly volume: string;
  /** Where the app finds it. */
  readonly target: string;
  /** A cron expression in the time zone of the machine that asks. Default: only by hand. */
  readonly schedule?: string | undefined;
  /** Backups that are kept. */
  readonly keep: number;
  /** Runs in the app's container before the data are read. */
  readonly preHook?: readonly string[] | undefined;
  /** Runs in the app's container once the data are read. */
  readonly postHook?: readonly string[] | undefined;
  /** Folder of the volume that is left out. Default: none. */
  readonly leaveOut?: string | undefined;
  /** Given to the image's entrypoint, with a restored volume in the place of the data: exit code 0 where they are sound. */
  readonly check?: readonly string[] | undefined;
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

/**
 * Checks raw configuration (keys without their namespace) and fills in the defaults.
 * @throws ConfigError with one line for each problem.
 */
export function parseSettings(raw: Readonly<Record<string, RawValue>>, stack: string): Settings {
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(raw).map(([key, { text }]) => [key, untext(key, text)]));
  const result = schema.safeParse(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, inFull(key, value)])));
  if (!result.success) {
    const hidden = new Set(["secrets", "tls", "backups", ...Object.keys(raw).filter((key) => raw[key]?.secret)]);
    throw new ConfigError(describeProblems(result.error.issues.map((issue) => asWritten(issue, values)), values, schema, hidden), stack);
  }
  const config = result.data;
  const dev = stack === "dev";
  const settings: Settings = {
    port: config.port,
    httpsPort: config.httpsPort,
    bindAddress: config.bindAddress ?? (dev ? "127.0.0.1" : "0.0.0.0"),
    hosts: config.hosts,
    tls: config.tls,
    maintenance: config.maintenance,
    bake: config.bake.duration > 0 ? config.bake : undefined,
    canary: config.canary && { ...config.bake, ...config.canary },
    migration: config.migration,
    smokeTest: config.smokeTest,
    accessories: config.accessories.map(({ version, backup: _, ...accessory }) => ({ ...accessory, version: version ?? ACCESSORIES[accessory.kind].version })),
    backups: config.backups,
    volumeBackups: [
      ...(config.volumes ?? []).flatMap(({ name, target, backup }) => (backup ? [{ volume: name, target, ...backup }] : [])),
      ...config.accessories.flatMap(({ name, kind, backup }) => (backup ? [{ volume: dataOf(name), target: ACCESSORIES[kind].target, ...backupOf(kind), ...backup }] : [])),
    ],
    keepReleases: config.keepReleases,
    release: config.release,
    build: config.build,
    next: {
      containerPort: config.containerPort,
      replicas: config.replicas ?? (config.strategy === "recreate" ? 1 : 2),
      strategy: config.strategy,
      health: config.health,
      drain: config.drain,
      resources: config.resources,
      user: config.user,
      env: config.env,
      volumes: (config.volumes ?? (dev ? DEV_VOLUMES : [])).map(({ name, target, existing }) => ({ name, target, ...(existing && { existing }) })),
      binds: config.binds,
      ...(config.tmpfs.length > 0 && { tmpfs: config.tmpfs }),
      workers: config.workers,
      ...(config.accessories.length > 0 && { accessories: config.accessories.map(({ name }) => name).sort() }), // absent as in ledgers of before
      ...(Object.keys(config.secretsFor).length > 0 && { secretsFor: config.secretsFor }),
    },
    seeds: Object.fromEntries((config.volumes ?? []).flatMap(({ name, seed }) => (seed === undefined ? [] : [[name, seed]]))),
    secrets: config.secrets,
  };
  const conflicts = findConflicts(settings, raw);
  if (conflicts.length > 0) throw new ConfigError(conflicts, stack);
  return Object.freeze(settings);
}

/** Reads the selected stack's configuration. */
export function readSettings(): Settings {
  const secretKeys = new Set(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] || "[]") as string[]);
  const raw: Record<string, RawValue> = {};
  for (const [key, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith("berth:")) raw[key.slice("berth:".length)] = { text, secret: secretKeys.has(key) };
  }
  return parseSettings(raw, pulumi.getStack());
}

const DEV_VOLUMES: readonly VolumeSettings[] = [{ name: "data", target: "/data" }];

const TEXT_KEYS = new Set(["bindAddress", "release", "strategy", "maintenance", "drain", "user", "engine", "registry"]);

/** Pulumi hands every value over as text; text keys stay as they are, the rest is JSON. */
function untext(key: string, value: string): unknown {
  if (TEXT_KEYS.has(key)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A key with a short form, in its long form. */
const inFull = (key: string, value: unknown): unknown => (key === "bake" && typeof value === "string" ? { duration: value } : value);

/** A problem with the long form of a key is told of the short form that was written: nothing can be set below a text. */
const asWritten = <Issue extends { path: PropertyKey[] }>(issue: Issue, values: Record<string, unknown>): Issue =>
  typeof values[String(issue.path[0])] === "string" ? { ...issue, path: issue.path.slice(0, 1) } : issue;
