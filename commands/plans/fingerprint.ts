/** What a preview rests on: where one of these differs later, the same update would be another one. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../release/canonicalJson.ts";
import { contentHash } from "../../source/content.ts";
import { LABEL, ownedBy } from "../../release/labels.ts";
import { schema } from "../../settings/schema.ts";
import { listContainers, nameOf } from "../../engine/containers.ts";
import { engineInfo } from "../../engine/engine.ts";
import { openEngine } from "../../engine/openEngine.ts";
import { readConfig } from "../../stack/settingsFile.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";

export interface Fingerprint {
  /** Hash of each configuration key's value as it is in the files; secrets are encrypted there. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Hash of what the image is built from; null where nothing is, or it is fetched. */
  readonly content: string | null;
  /** Hash of Berth itself: what it declares, and the steps that it runs. */
  readonly program: string;
  /** The live release; null where nothing is. */
  readonly live: string | null;
  /** The engine's own id. */
  readonly engine: string;
  /** State of each container of the stack, by name. */
  readonly containers: Readonly<Record<string, string>>;
}

/** Folders and files of this project that decide what an update does. */
const PROGRAM = ["index.ts", "package-lock.json", "components", "docker", "engine", "preflight", "release", "settings", "source", "steps"];

/** Parts that come and go while nobody changes the stack: a backup, and the lock of whoever looks. */
const PASSING: readonly string[] = ["backup", "lock"];

/** Takes the fingerprint of a stack as it is now. */
export async function takeFingerprint(pulumi: PulumiCli, stack: string): Promise<Fingerprint> {
  const { root } = pulumi;
  const config = await readConfig(root, stack);
  const owner = await openEngine(pulumi, stack);
  const [content, program, outputs, engine, containers] = await Promise.all([
    contentOf(root, config),
    hashFiles(root),
    pulumi.read(["stack", "output", "--json", "--stack", stack]),
    engineInfo().then(({ ID }) => ID),
    listContainers(ownedBy(owner), { all: true }),
  ]);
  const lasting = containers.filter(({ Labels }) => !PASSING.includes(Labels[LABEL.part] ?? ""));
  return {
    configuration: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, hash(textOf(value))])),
    content,
    program,
    live: (JSON.parse(outputs) as { release?: string }).release ?? null,
    engine,
    containers: Object.fromEntries(lasting.map((container) => [nameOf(container), container.State])),
  };
}

/** What has changed from one fingerprint to another, in words; nothing where both are alike. Pure. */
export function differences(was: Fingerprint, is: Fingerprint): string[] {
  const keys = differing(was.configuration, is.configuration);
  const containers = differing(was.containers, is.containers);
  const live = (release: string | null) => (release === null ? "nothing was live" : `${release} was`);
  return [
    ...(was.engine === is.engine ? [] : ["this is another Docker engine"]),
    ...(keys.length === 0 ? [] : [`the configuration has changed (${keys.join(", ")})`]),
    ...(was.content === is.content ? [] : ["what the image is built from has changed"]),
    ...(was.program === is.program ? [] : ["Berth itself has changed"]),
    ...(was.live === is.live ? [] : [`release ${is.live} is live now, ${live(was.live)}`]),
    ...containers.map((name) => {
      const [before, after] = [was.containers[name], is.containers[name]];
      return after === undefined
        ? `container ${name} is gone`
        : before === undefined
          ? `container ${name} is new`
          : `container ${name} is ${after}, it was ${before}`;
    }),
  ];
}

type Texts = Readonly<Record<string, string>>;

const differing = (a: Texts, b: Texts): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).sort();

async function contentOf(root: string, config: Readonly<Record<string, unknown>>): Promise<string | null> {
  const build = schema.shape.build.safeParse(config["berth:build"]).data;
  if (config["berth:release"] || !build || build.remoteContext) return null; // the plan itself holds the name of what is fetched
  return contentHash(join(root, build.context ?? "app"), build).catch(() => "unreadable");
}

async function hashFiles(root: string): Promise<string> {
  const files = await Promise.all(
    PROGRAM.map(async (path) => (path.includes(".") ? [path] : (await readdir(join(root, path))).sort().map((name) => join(path, name)))),
  );
  const texts = await Promise.all(files.flat().map(async (file) => [file, await readFile(join(root, file), "utf8")]));
  return hash(JSON.stringify(texts));
}

/** Pulumi reads every plain value as text, and writes it back so. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : canonicalJson(value));

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
