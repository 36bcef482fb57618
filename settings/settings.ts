/**
 * The stack's configuration, read once and checked whole before anything is touched.
 * Components never read configuration themselves; they are given these plain values.
 */
import * as pulumi from "@pulumi/pulumi";
import { ACCESSORIES, backupOf, dataOf } from "./accessoryKinds.ts";
import { findConflicts } from "./conflicts.ts";
import { ConfigError, describeProblems } from "./errors.ts";
import { type Config, schema } from "./schema.ts";
import type { RawValue, Settings, VolumeSettings } from "./types.ts";

export type * from "./types.ts";
export type { Config } from "./schema.ts";

/**
 * Checks raw configuration (keys without their namespace) and fills in the defaults.
 * @throws ConfigError with one line for each problem.
 */
export function parseSettings(raw: Readonly<Record<string, RawValue>>, stack: string): Settings {
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(raw).map(([key, { text }]) => [key, untext(key, text)]));
  const result = schema.safeParse(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, inFull(key, value)])));
  if (!result.success) {
    const hidden = new Set(["secrets", "tls", "backups", ...Object.keys(raw).filter((key) => raw[key]?.secret)]);
    throw new ConfigError(
      describeProblems(
        result.error.issues.map((issue) => asWritten(issue, values)),
        values,
        schema,
        hidden,
      ),
      stack,
    );
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
    accessories: config.accessories.map(({ version, backup: _, ...accessory }) => ({
      ...accessory,
      version: version ?? ACCESSORIES[accessory.kind].version,
    })),
    backups: config.backups,
    volumeBackups: [
      ...(config.volumes ?? []).flatMap(({ name, target, backup }) => (backup ? [{ volume: name, target, ...backup }] : [])),
      ...config.accessories.flatMap(({ name, kind, backup }) =>
        backup ? [{ volume: dataOf(name), target: ACCESSORIES[kind].target, ...backupOf(kind), ...backup }] : [],
      ),
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
      volumes: (config.volumes ?? (dev ? DEV_VOLUMES : [])).map(({ name, target, existing }) => ({
        name,
        target,
        ...(existing && { existing }),
      })),
      binds: config.binds,
      ...(config.tmpfs.length > 0 && { tmpfs: config.tmpfs }),
      workers: config.workers,
      // Absent as in ledgers of before
      ...(config.accessories.length > 0 && { accessories: config.accessories.map(({ name }) => name).sort() }),
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

/**
 * Settings that a program gives as plain values: keys without "berth:", values as in a stack file.
 * @throws ConfigError with one line for each problem
 */
export const settingsOf = (config: Config, stack: string): Settings =>
  parseSettings(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { text: textOf(value), secret: ENCRYPTED.includes(key) }])),
    stack,
  );

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Keys whose values the state keeps encrypted, wherever they come from. */
const ENCRYPTED = ["secrets", "tls", "backups"];

/** The engine's address that Pulumi's provider is told by the stack's configuration; undefined where the environment says. */
export const readEngineHost = (): string | undefined => new pulumi.Config("docker").get("host");

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
