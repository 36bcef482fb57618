/**
 * Outputs of commands that are too long to go on with. Pulumi's plugin hands what a command has printed to its next run and to its
 * removal by the environment, where a variable of 128 KiB makes every program fail with "argument list too long". Pure.
 */

/** What is longer, in bytes, is cut to its end, which is what a step remembers by. */
const LONGEST = 64 * 1024;
const KEPT = 8 * 1024;

const COMMAND = "command:local:Command";
/** Marks a secret in an export; its text is encrypted, or JSON in the clear where the export shows secrets. */
const SECRET = "4dabf18193072939515e22adb298388d";

type Output = string | { readonly [SECRET]?: string; readonly plaintext?: string; readonly ciphertext?: string };

interface Exported {
  readonly deployment?: { readonly resources?: readonly { readonly type: string; outputs?: Record<string, Output> }[] };
}

/** Whether a command has printed too much, by `pulumi stack export` with or without `--show-secrets`. @throws SyntaxError for other text */
export const hasLongOutputs = (exported: string): boolean => outputsOf(JSON.parse(exported) as Exported).some(({ value }) => isLong(value));

/**
 * The export with each output that is too long cut to its last 8 KiB, from the beginning of a line on; undefined where none is.
 * @param exported the text of `pulumi stack export --show-secrets`: what a job prints is a secret, and what is encrypted stays as long
 * as it is @throws SyntaxError where the text is no export
 */
export function shortenOutputs(exported: string): string | undefined {
  const state = JSON.parse(exported) as Exported;
  let changed = false;
  for (const { outputs, name, value } of outputsOf(state)) {
    const short = isLong(value) ? shortened(value) : undefined;
    if (short === undefined) continue;
    outputs[name] = short;
    changed = true;
  }
  return changed ? JSON.stringify(state, undefined, 4) : undefined;
}

const outputsOf = ({ deployment }: Exported) =>
  (deployment?.resources ?? []).flatMap(({ type, outputs }) => {
    if (type !== COMMAND || !outputs) return [];
    return ["stdout", "stderr"].flatMap((name) => (outputs[name] === undefined ? [] : [{ outputs, name, value: outputs[name] }]));
  });

function isLong(value: Output): boolean {
  if (typeof value === "string") return Buffer.byteLength(value) > LONGEST;
  const { plaintext, ciphertext = "" } = value;
  const bytes = plaintext === undefined ? (ciphertext.length * 3) / 4 : Buffer.byteLength(plaintext); // in cipher, four letters are three
  return bytes > LONGEST;
}

function shortened(value: Output): Output | undefined {
  if (typeof value === "string") return endOf(value);
  if (value.plaintext === undefined) return undefined;
  const text = JSON.parse(value.plaintext) as unknown;
  return typeof text === "string" ? { ...value, plaintext: JSON.stringify(endOf(text)) } : undefined;
}

/** The last bytes of a text, from the beginning of a line on where there is one. */
function endOf(text: string): string {
  const bytes = Buffer.from(text);
  const end = bytes
    .subarray(-KEPT)
    .toString()
    .replace(/^\uFFFD+/, "");
  const line = end.indexOf("\n") + 1;
  return line > 0 && line < end.length ? end.slice(line) : end;
}
