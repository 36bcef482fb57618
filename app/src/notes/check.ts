/** Tells whether the notes in `DATA_DIR` are sound: for restored ones, before anybody trusts them. Exit code 0: they are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readEnvironment } from "../environment.ts";
import { reasonOf } from "../log.ts";

try {
  const file = join(readEnvironment().dataDir, "notes.db");
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const database = new DatabaseSync(file);
  const problems = database
    .prepare("PRAGMA integrity_check")
    .all()
    .map((row) => String(row["integrity_check"]))
    .filter((text) => text !== "ok");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const count = Number(database.prepare("SELECT count(*) AS count FROM notes").get()?.["count"]);
  console.log(`${count} notes, and the file is sound`);
} catch (error) {
  console.error(reasonOf(error));
  process.exitCode = 1;
}
