/**
 * Keeps the notes' file fit to be copied while the app goes on: `hold.ts begin` before a backup, `hold.ts end` after it.
 *
 * What keeps is a transaction that reads. Until it ends SQLite neither writes the database's file beyond what the
 * transaction sees nor begins its log anew, so the two files together are the notes as they were at one instant at
 * every moment of the copying. Writers do not wait: the log just grows.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { readEnvironment } from "../environment.ts";
import { reasonOf } from "../log.ts";
import { openDatabase } from "./database.ts";

/** Holds the process that keeps; `HOLD_FILE` names another one. */
const FILE = process.env["HOLD_FILE"] || "/tmp/notes-hold";
/** Nobody may hold the notes for ever: a backup that never ended is over after this time. */
const LONGEST_MILLISECONDS = 6 * 60 * 60 * 1000;

const verbs: Readonly<Record<string, () => Promise<void>>> = { begin, keep, end };

const verb = verbs[process.argv[2] ?? ""];
try {
  if (!verb) throw new Error(`say what to do: ${process.argv[1]} begin, or end`);
  await verb();
} catch (error) {
  console.error(reasonOf(error));
  process.exitCode = 1;
}

/** Starts the process that keeps, and waits until it does. */
async function begin(): Promise<void> {
  await end();
  const keeper = spawn(process.execPath, [import.meta.filename, "keep"], { detached: true, stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const said = await new Promise<unknown>((resolve) => {
    keeper.once("message", resolve);
    keeper.once("exit", (code) => resolve(`the process that should keep the notes ended with ${code}`));
  });
  if (said !== "kept") throw new Error(String(said));
  writeFileSync(FILE, String(keeper.pid));
  keeper.disconnect();
  keeper.unref();
}

async function keep(): Promise<void> {
  try {
    const database = await openDatabase(readEnvironment().dataDir);
    database.exec("PRAGMA wal_checkpoint(PASSIVE)"); // so that the log is short where the transaction begins
    database.exec("BEGIN");
    database.prepare("SELECT count(*) FROM notes").get(); // a transaction begins with its first look
    process.send?.("kept");
    setTimeout(() => database.close(), LONGEST_MILLISECONDS);
  } catch (error) {
    process.send?.(reasonOf(error));
  }
}

async function end(): Promise<void> {
  try {
    process.kill(Number(readFileSync(FILE, "utf8")), "SIGTERM");
  } catch {
    // None was begun, or it has ended.
  }
  rmSync(FILE, { force: true });
}
