/** What people read of the configuration is what the program does: the declarations in Pulumi.yaml. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Hint, hintAt, NOT_YET } from "../../settings/hints.ts";
import { schema } from "../../settings/schema.ts";
import { settingsOf } from "../support/configuration.ts";

const KEYS = Object.keys(schema.shape) as (keyof typeof schema.shape)[];
const SUPPORTED = KEYS.filter((key) => hintOf(key).want !== NOT_YET);

function hintOf(...path: (string | number)[]): Hint {
  return hintAt(schema, path);
}

/** What the schema puts in where the key is not set; undefined where nothing, or where the program works it out. */
const presetOf = (key: keyof typeof schema.shape): unknown => schema.shape[key].safeParse(undefined).data;

/** The default as a person would write it in a stack file. */
function writtenDefault(key: keyof typeof schema.shape): unknown {
  const preset = presetOf(key);
  const { byDefault } = hintOf(key);
  if (byDefault === undefined || typeof preset !== "object") return byDefault ?? preset;
  return byDefault.startsWith("`") ? parse(byDefault.slice(1, -1)) : preset; // an object in words, or an empty one
}

describe("Pulumi.yaml", () => {
  const text = readFileSync("Pulumi.yaml", "utf8");
  const declared = (parse(text) as { config: Record<string, unknown> }).config;
  // Pulumi refuses to start without a value for a declared key, so one that needs none cannot be declared.
  const [declarable, others] = [SUPPORTED.filter((key) => presetOf(key) !== undefined), KEYS.filter((key) => presetOf(key) === undefined)];

  test("declares every key that has a fixed default, with the words and the default of the schema", () => {
    const wanted = declarable.map((key) => [`berth:${key}`, { description: hintOf(key).description, value: writtenDefault(key) }]);
    expect(declared).toEqual(Object.fromEntries(wanted));
    expect(Object.keys(declared)).toEqual(wanted.map(([key]) => key));
  });

  test("tells of every other supported key in a comment", () => {
    const wanted = others.filter((key) => SUPPORTED.includes(key)).map((key) => `# berth:${key}: ${hintOf(key).description} (default: ${hintOf(key).byDefault})`);
    expect(text.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("# berth:"))).toEqual(wanted);
  });

  test.each([["dev", {}], ["prod", {}], ["dev", { strategy: "recreate" }]])("leaves the settings of stack %s as they are without it (%o)", (stack, config) => {
    const values = Object.fromEntries(Object.entries(declared).map(([key, entry]) => [key.slice("berth:".length), (entry as { value: unknown }).value]));
    const { build, ...settings } = settingsOf({ ...values, ...config }, stack);
    const without = settingsOf(config, stack);
    expect({ ...settings, build }).toEqual({ ...without, build: { ...without.build, context: "app" } }); // what index.ts takes for none
  });
});
