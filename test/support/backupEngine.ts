/** What a stack with backups has, and a stand-in of an engine on which restic answers as told. */
import type { Context } from "../../commands/backups/context.ts";
import type { Answer } from "./fakeEngine.ts";
import { OWNER } from "./configuration.ts";

export const VOLUME = "berth-dev-data-1";
export const WORKSPACE = "berth-dev-backup-data";
/** The question for the containers that work on the stack's backups. */
export const OF_BACKUPS = "containers all label=berth.project=berth label=berth.stack=dev label=berth.part=backup";
export const INFO = { ID: "ENGINE", Name: "host", SystemTime: "2026-03-10T12:00:00Z" };

export const context = {
  stack: "dev",
  owner: OWNER,
  backups: { target: "/b", password: "longenough", credentials: {} },
  declared: { volumes: [{ name: VOLUME, part: "data", labels: { "berth.volume": "data" } }] },
  outputs: { release: "r1", releases: [], replicas: [] },
} as unknown as Context;

/** The beginning of a call of restic in the workspace. */
export const restic = (words: string, workspace = WORKSPACE): string =>
  `exec ${workspace} /bin/sh -c . /run/secrets/environment; exec restic "$@" restic --no-cache ${words}`;

/** What restic was asked, without what always comes before. */
export const resticCalls = (calls: readonly string[]): string[] =>
  calls.filter((call) => call.startsWith(restic(""))).map((call) => call.slice(restic("").length));

/** A line of `restic snapshots --json`. */
export const snapshot = (number: number, files: number, more: readonly string[] = []) => ({
  id: `${number}`.repeat(10),
  time: `2026-03-0${number}T03:00:00Z`,
  hostname: "berth-dev",
  tags: ["volume=data", `number=${number}`, "release=r1", ...more],
  summary: { total_bytes_processed: files * 1000, total_files_processed: files },
});

/** restic reads so many files. */
export const reads = (files: number): Answer => ({
  to: restic("backup"),
  stdout: JSON.stringify({
    message_type: "summary",
    snapshot_id: "9".repeat(10),
    total_files_processed: files,
    total_bytes_processed: files * 1000,
    data_added_packed: 5,
    backup_start: "2026-03-10T12:00:00Z",
  }),
});

/** All that is the same for each of them; more specific answers go before it. */
export const ENGINE: readonly Answer[] = [
  { to: `volume ${VOLUME}`, json: { Name: VOLUME, Labels: { "berth.volume": "data" } } },
  { to: "info", json: INFO },
  { to: OF_BACKUPS, json: [] },
  { to: "containers all label=berth.project=berth label=berth.stack=dev volume=", json: [] },
  { to: "create berth-dev-" },
  { to: "attach ", stdout: "ready" },
  { to: "start " },
  { to: "wait " },
  { to: "volumes " },
  { to: "create volume " },
];
