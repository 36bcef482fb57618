/** Takes back what a command has put into a settings file, and nothing that somebody else has written there meanwhile. */
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Document, isMap, isScalar, type Node, type Pair, parseDocument, Scalar, visit, type YAMLMap } from "yaml";
import { UserError } from "../settings/userError.ts";

/** A key below `config`, such as ["berth:release"] or ["berth:secrets", "pin"]. */
export type KeyPath = readonly [string, ...string[]];

/** A settings file as it is before a command changes it; "" where there is none. @throws UserError where it cannot be read */
export async function readSettings(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new UserError(`${basename(file)} cannot be read: ${(error as Error).message}`);
  }
}

/** Gives these keys of the file the values that they had in `before`. @throws UserError where the file cannot be read or written now */
export async function restoreSettings(file: string, before: string, keys: readonly KeyPath[]): Promise<void> {
  const now = await readSettings(file);
  if (now === before) return;
  const text = withKeysOf(before, now, keys);
  const names = keys.map((key) => key.join(".")).join(", ");
  if (text === undefined) throw new UserError(`${basename(file)} cannot be parsed now, so ${names} in it stays as it is: mend it`);
  await writeFile(file, text).catch((error: Error) => {
    throw new UserError(`${basename(file)} cannot be written, so ${names} in it stays as it is: ${error.message}`);
  });
}

/**
 * The text `now` with these keys as in `before`, which it is to the letter where all else is alike; undefined where one of both cannot be
 * parsed. Pure.
 */
export function withKeysOf(before: string, now: string, keys: readonly KeyPath[]): string | undefined {
  const [was, is] = [parseDocument(before), parseDocument(now)];
  if (was.errors.length + is.errors.length > 0) return undefined;
  for (const key of keys) restore(is, was, key);
  const text = textOf(is);
  return plain(text) === plain(before) ? before : text;
}

function textOf(document: Document): string {
  const text = document.toString({ lineWidth: 0 });
  return ["{}\n", "null\n"].includes(text) ? "" : text;
}

/** Puts a key back in its place, or takes it out. */
function restore(is: Document, was: Document, key: KeyPath): void {
  const [path, name] = [["config", ...key.slice(0, -1)], key.at(-1) ?? ""];
  const [old, current] = [mapAt(was, path), mapAt(is, path)];
  const place = current ? indexOf(current, name) : -1;
  const present = current?.items[place];
  const pair = old?.items[indexOf(old, name)];
  if (!pair) {
    if (present) take(current, place);
    const isNew = (above: readonly string[]) => mapAt(is, above)?.items.length === 0 && !was.hasIn(above);
    for (let above = path; above.length > 0 && isNew(above); above = above.slice(0, -1)) is.deleteIn(above);
  } else if (!current) {
    is.setIn([...path, name], pair.value);
  } else if (present) {
    present.value = pair.value; // the comments above it may be somebody's
  } else {
    current.items.splice(placeAfter(old, current, name), 0, pair);
  }
}

/** Takes an entry out of a map, and leaves the comments above it. */
function take(map: YAMLMap, place: number): void {
  const [{ key }] = map.items.splice(place, 1) as [Pair];
  const comment = (key as Node).commentBefore?.trimEnd();
  if (!comment) return;
  const next = map.items[place]?.key as Node | undefined;
  if (next) next.commentBefore = join(comment, next.commentBefore);
  else map.comment = join(map.comment, comment);
}

const join = (...comments: readonly (string | null | undefined)[]): string => comments.filter(Boolean).join("\n");

/** Where a key goes that comes after the same one as before. */
function placeAfter(old: YAMLMap, current: YAMLMap, name: string): number {
  const earlier = old.items.slice(0, indexOf(old, name)).map(nameOf).reverse();
  return Math.max(...earlier.slice(0, 1).map((other) => indexOf(current, other) + 1 || current.items.length), 0);
}

const mapAt = (document: Document, path: readonly string[]): YAMLMap | undefined => {
  const found = document.contents === null ? undefined : document.getIn(path);
  return isMap(found) ? found : undefined;
};
const nameOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : "");
const indexOf = (map: YAMLMap, name: string): number => map.items.findIndex((pair) => nameOf(pair) === name);

/** A text in one style, for comparison: Pulumi writes the whole file anew. */
function plain(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Node: (_, node) => {
      if (isScalar(node)) {
        node.value = node.source ?? node.value;
        node.type = Scalar.QUOTE_DOUBLE;
      } else if ("flow" in node) node.flow = false;
    },
  });
  const lines = textOf(document)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => line.replace(/^\s+#/, "#")).join("\n");
}
