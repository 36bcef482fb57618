import assert from "node:assert/strict";
import { test } from "node:test";
import { readNewNote } from "../src/notes/new-note.ts";

const id = "0b9f0c3e-6f0a-4b5e-9d2c-7a1e5f3b8c4d";
const textOf = (text: unknown): unknown => {
  const note = readNewNote({ text, id });
  return "text" in note ? note.text : note.problem;
};

test("a note keeps its text and its id", () => {
  assert.deepEqual(readNewNote({ text: "Milk", id }), { id, text: "Milk" });
  assert.deepEqual(readNewNote({ text: "Milk", id: id.toUpperCase() }), { id, text: "Milk" });
});

test("a note without an id gets one", () => {
  for (const body of [{ text: "Milk" }, { text: "Milk", id: "" }]) {
    const note = readNewNote(body);
    assert.ok("id" in note);
    assert.match(note.id, /^[\da-f-]{36}$/);
  }
});

test("the text is cleaned of what nobody means to send", () => {
  assert.equal(textOf("  Milk \n"), "Milk");
  assert.equal(textOf("one\r\ntwo\tthree"), "one\ntwo\tthree");
  assert.equal(textOf("a\u0000b\u001b[31mc\u0085"), "ab[31mc");
  assert.equal(textOf("half \ud83d pair"), "half \ufffd pair");
});

test("a character is what a person counts as one, and a line end counts once", () => {
  assert.equal(textOf("🚢".repeat(500)), "🚢".repeat(500));
  assert.equal(textOf("a\r\n".repeat(250) + "b"), "The note has 501 characters: shorten it to 500.");
});

const refused: [body: unknown, problem: RegExp][] = [
  [undefined, /as "text"/],
  [null, /as "text"/],
  ["Milk", /as "text"/],
  [{ text: ["Milk"] }, /as "text"/],
  [{ text: "" }, /empty/],
  [{ text: " \r\n\t\u0000" }, /empty/],
  [{ text: "a".repeat(501) }, /has 501 characters: shorten it to 500/],
  [{ text: "Milk", id: "7" }, /must be a UUID/],
  [{ text: "Milk", id: 7 }, /must be a UUID/],
  [{ text: "Milk", id: [id] }, /must be a UUID/],
];
for (const [body, problem] of refused) {
  test(`${JSON.stringify(body)?.slice(0, 40)} is refused: ${problem.source}`, () => {
    const answer = readNewNote(body);
    assert.ok("problem" in answer);
    assert.match(answer.problem, problem);
  });
}
