/** Says what is wrong with the configuration: the key, its value, what is wanted, and the command that mends it. */
import * as pulumi from "@pulumi/pulumi";
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import type { Hint } from "./schema.ts";

/** A problem of the user's, not of the program: Pulumi prints the message without a stack trace. */
export class ConfigError extends pulumi.RunError {
  constructor(problems: readonly string[], stack: string) {
    const [only] = problems;
    super(
      problems.length === 1 && only
        ? `${only} (stack ${stack}; nothing was changed)`
        : `${problems.length} problems in the configuration of stack ${stack}; nothing was changed:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
  }
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One line for each issue. Values below `secrets` and `tls` are never shown. */
export function describeProblems(issues: readonly Issue[], values: unknown, schema: z.core.$ZodType): string[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey([...issue.path, key], namesAt(schema, issue.path)))
      : [badValue(issue, values, schema)],
  );
}

function unknownKey(path: Path, known: readonly string[]): string {
  const key = String(path.at(-1));
  const near = known.length > 0 ? closest(key, known) : "";
  const guess = near && distance(key, near) <= Math.max(2, key.length / 3) ? `did you mean ${join([...path.slice(0, -1), near])}?` : `known are ${known.join(", ")}.`;
  return `${join(path)} is not a known key: ${guess} Remove it with: pulumi config rm --path '${join(path)}'`;
}

function badValue(issue: Issue, values: unknown, schema: z.core.$ZodType): string {
  const { hint, path } = hintAt(schema, issue.path);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], values);
  const hidden = path[0] === "secrets" || path[0] === "tls";
  const shown = value === undefined ? "is missing" : hidden ? "has a value that does not fit" : `is ${JSON.stringify(value)}`;
  if (hint.want.startsWith("nothing:")) return `${join(issue.path)} is not supported yet: pulumi config rm --path '${join(issue.path)}'`;
  const key = issue.code === "invalid_key" ? ` (the name ${JSON.stringify(issue.path.at(-1))} does not fit)` : "";
  const fix = hint.example ? `. Fix: pulumi config set --path '${join(path)}' '${hint.example}'` : "";
  return `${join(issue.path)} ${shown}${key}: want ${hint.want}${fix}`;
}

const join = (path: Path): string =>
  "berth:" + path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index ? "." : ""}${String(key)}`)).join("");

/** The nearest hint on the way down a path, and how far down it stood. */
function hintAt(schema: z.core.$ZodType, path: Path): { hint: Hint; path: Path } {
  let best: { hint: Hint; path: Path } = { hint: { want: "another value", example: "" }, path };
  let at: z.core.$ZodType | undefined = schema;
  for (let depth = 0; at && depth <= path.length; depth++) {
    const hint = wrappers(at).map((type) => (type as z.ZodType).meta() as Hint | undefined).find((meta) => meta?.want);
    if (hint) best = { hint, path: path.slice(0, depth) };
    const key = path[depth];
    at = key === undefined ? undefined : childOf(at, key);
  }
  return best;
}

const namesAt = (schema: z.core.$ZodType, path: Path): string[] =>
  Object.keys(shapeOf(path.reduce<z.core.$ZodType | undefined>((at, key) => at && childOf(at, key), schema)) ?? {});

/** A schema and what it wraps: default, optional, transform. */
function wrappers(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  const inner = def.innerType ?? def.in;
  return inner ? [schema, ...wrappers(inner)] : [schema];
}

function shapeOf(schema: z.core.$ZodType | undefined): Record<string, z.core.$ZodType> | undefined {
  if (!schema) return undefined;
  const def = wrappers(schema).at(-1)?._zod.def as { shape?: Record<string, z.core.$ZodType>; options?: z.core.$ZodType[] } | undefined;
  return def?.shape ?? (def?.options && Object.assign({}, ...def.options.map(shapeOf)));
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  const def = wrappers(schema).at(-1)?._zod.def as { element?: z.core.$ZodType; valueType?: z.core.$ZodType } | undefined;
  return def?.element ?? def?.valueType ?? shapeOf(schema)?.[String(key)];
}
