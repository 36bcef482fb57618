/** What the schema tells a person of a value, found by the value's path. */
import type { z } from "zod";
import type { Path } from "./commands.ts";

/** What a part of the schema tells a person: in errors (`want`, `example`, `below`), in Pulumi.yaml and in the README. */
export interface Hint {
  [key: string]: unknown;
  readonly want: string;
  readonly example: string;
  /** Of a list, map or object: where in it the example goes. */
  readonly below?: Path;
  readonly description?: string;
  /** The default in words, where it is computed or an object. */
  readonly byDefault?: string;
}

/** What is wanted of a key that a later Berth will know. */
export const NOT_YET = "nothing: not supported yet";

type Schema = z.core.$ZodType;

/** The hint of the nearest part of the schema on the way down a path. */
export function hintAt(schema: Schema, path: Path): Hint {
  const hints = path.map((_, depth) => schemaAt(schema, path.slice(0, depth + 1))).map((at) => at && hintOf(at));
  return hints.findLast((hint) => hint !== undefined) ?? { want: "another value", example: "" };
}

/** The hint for the names in a map. */
export function nameHintAt(schema: Schema, path: Path): Hint {
  const map = schemaAt(schema, path);
  const names = map && (innermost(map)._zod.def as { keyType?: Schema }).keyType;
  return (names && hintOf(names)) ?? { want: "another name", example: "" };
}

/** The names that an object may have. */
export function namesAt(schema: Schema, path: Path): string[] {
  const object = schemaAt(schema, path);
  const shape = object && shapeOf(object);
  return Object.keys(shape ?? {}).filter((name) => shape?.[name] && hintOf(shape[name])?.want !== NOT_YET);
}

const schemaAt = (schema: Schema, path: Path): Schema | undefined =>
  path.reduce<Schema | undefined>((at, key) => at && childOf(at, key), schema);

const hintOf = (schema: Schema): Hint | undefined =>
  wrappers(schema)
    .map((type) => (type as z.ZodType).meta() as Hint | undefined)
    .find((meta) => meta?.want);

/** A schema and what it wraps: default, optional, transform. */
function wrappers(schema: Schema): Schema[] {
  const def = schema._zod.def as { innerType?: Schema; in?: Schema };
  const inner = def.innerType ?? def.in;
  return inner ? [schema, ...wrappers(inner)] : [schema];
}

const innermost = (schema: Schema): Schema => wrappers(schema).at(-1) ?? schema;

const shapeOf = (schema: Schema): Record<string, Schema> | undefined =>
  (innermost(schema)._zod.def as { shape?: Record<string, Schema> }).shape;

function childOf(schema: Schema, key: PropertyKey): Schema | undefined {
  const def = innermost(schema)._zod.def as { element?: Schema; valueType?: Schema; options?: readonly Schema[] };
  return (
    def.element ??
    def.valueType ??
    shapeOf(schema)?.[String(key)] ??
    def.options?.map((option) => childOf(option, key)).find((child) => child !== undefined)
  );
}
