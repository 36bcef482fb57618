// A process of its own that writes notes: `node writer.ts <folder> <how many>`.
import { randomUUID } from "node:crypto";
import { SqliteNotes } from "../src/notes/sqlite.ts";

const [folder = "", many = "0"] = process.argv.slice(2);
const notes = await SqliteNotes.open(folder);
for (let number = 0; number < Number(many); number += 1) await notes.add({ id: randomUUID(), text: `Note ${number}` }, "r1");
await notes.close();
