/** Says what is wrong with the configuration: the key, its value, what is wanted, and the command that mends it. */
import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import { pathText, quoted, removeCommand, setCommand, type Path } from "./commands.ts";
import { hintAt, nameHintAt, namesAt, NOT_YET } from "./hints.ts";

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

/** A value longer than this is cut where it is shown, in characters. */
const SHOWN = 60;

/**
 * One line for each issue.
 * @param hidden top-level keys whose values are never shown
 */
export function describeProblems(
  issues: readonly Issue[],
  values: unknown,
  schema: z.core.$ZodType,
  hidden: ReadonlySet<string>,
): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], namesAt(schema, issue.path)));
    if (issue.code === "invalid_key") return [badName(issue.path, schema)];
    return [badValue(issue.path, valueAt(values, issue.path), schema, hidden.has(String(issue.path[0])))];
  });
}

function unknownKey(path: Path, known: readonly string[]): string {
  const near = nearest(String(path.at(-1)), known);
  const guess = near ? `did you mean ${pathText([...path.slice(0, -1), near])}?` : `known are ${known.join(", ")}.`;
  return `${pathText(path)} is not a known key: ${guess} Remove it with: ${removeCommand(path)}`;
}

/** The known name that was probably meant, whatever its case. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const wrong = key.toLowerCase();
  const farness = (name: string) => distance(wrong, name.toLowerCase());
  const [near] = [...known].sort((a, b) => farness(a) - farness(b));
  if (near && farness(near) <= Math.max(2, wrong.length / 3)) return near;
  return known.find((name) => wrong.startsWith(name.toLowerCase()) || (wrong.length > 2 && name.toLowerCase().startsWith(wrong)));
}

function badName(path: Path, schema: z.core.$ZodType): string {
  const map = path.slice(0, -1);
  return `${pathText(map)} has the name ${JSON.stringify(path.at(-1))}: want ${nameHintAt(schema, map).want}. Remove it with: ${removeCommand(path)}`;
}

function badValue(path: Path, value: unknown, schema: z.core.$ZodType, hidden: boolean): string {
  const hint = hintAt(schema, path);
  if (hint.want === NOT_YET) return `${pathText(path)} is not supported yet: ${removeCommand(path)}`;
  const problem = `${pathText(path)} ${hidden ? masked(value) : shown(value)}: want ${hint.want}`;
  if (hint.example === "") return problem;
  const fix = setCommand([...path, ...(hint.below ?? [])], hint.example);
  // Pulumi sets nothing below a value that is a text or a number.
  return `${problem}. Fix: ${hint.below && value !== undefined ? `${removeCommand(path)}, then: ` : ""}${fix}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "is missing";
  const text = JSON.stringify(value);
  return text.length <= SHOWN ? `is ${text}` : `is ${text.slice(0, SHOWN)}… (${text.length} characters)`;
}

/** What can be told of a value that must not be shown. */
function masked(value: unknown): string {
  if (value === undefined) return "is missing";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "has a value that does not fit";
  return Object.keys(value).length > 0 ? `has ${Object.keys(value).map(quoted).join(" and ")}` : "is empty";
}

const valueAt = (values: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], values);
