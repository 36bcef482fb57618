// A process of its own that writes notes: `node writer.ts <folder> <how many>`.
import { randomUUID } from "node:crypto";
import { NoteStore } from "../src/notes/store.ts";

const [folder = "", many = "0"] = process.argv.slice(2);
const store = await NoteStore.open(folder);
for (let number = 0; number < Number(many); number += 1) store.add({ id: randomUUID(), text: `Note ${number}` }, "r1");
store.close();
