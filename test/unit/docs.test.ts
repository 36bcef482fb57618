/** What people read is what the program does: the declarations in Pulumi.yaml, the tables in README.md, links, paths and commands. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { type Hint, hintAt, namesAt, NOT_YET } from "../../settings/hints.ts";
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

/** Of a key that is off by itself: the defaults of its parts, as its description ends with. */
function partsInWords(key: keyof typeof schema.shape): Record<string, unknown> | undefined {
  const { byDefault, description = "" } = hintOf(key);
  const words = /: `(\{.*\})`$/.exec(description)?.[1];
  return byDefault === "none" && words ? (parse(words) as Record<string, unknown>) : undefined;
}

test.each(SUPPORTED.filter((key) => partsInWords(key)))("the description of %s tells the defaults that its parts have", (key) => {
  const needed = namesAt(schema, [key]).includes("command") ? { command: ["x"] } : {};
  const written = Object.fromEntries(Object.entries(partsInWords(key) ?? {}).filter(([, value]) => value !== null));
  expect(Object.keys(written).length).toBeGreaterThan(0);
  expect(schema.shape[key].parse({ ...needed, ...written })).toEqual(schema.shape[key].parse(needed));
});

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
    const wanted = others
      .filter((key) => SUPPORTED.includes(key))
      .map((key) => `# berth:${key}: ${hintOf(key).description} (default: ${hintOf(key).byDefault})`);
    expect(
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line.startsWith("# berth:")),
    ).toEqual(wanted);
  });

  test.each([
    ["dev", {}],
    ["prod", {}],
    ["dev", { strategy: "recreate" }],
  ])("leaves the settings of stack %s as they are without it (%o)", (stack, config) => {
    const values = Object.fromEntries(
      Object.entries(declared).map(([key, entry]) => [key.slice("berth:".length), (entry as { value: unknown }).value]),
    );
    const { build, ...settings } = settingsOf({ ...values, ...config }, stack);
    const without = settingsOf(config, stack);
    expect({ ...settings, build }).toEqual({ ...without, build: { ...without.build, context: "app" } }); // what index.ts takes for none
  });
});

describe("README.md", () => {
  const readme = readFileSync("README.md", "utf8");

  test("describes every key in the words of the schema", () => {
    const rows = KEYS.map((key) => {
      const { description = "", byDefault, want } = hintOf(key);
      return [code(key), byDefault ?? code(presetOf(key)), description, want === NOT_YET ? "" : want];
    });
    expectTable(readme, "| key | default | what it does | accepted |", rows);
  });

  test("describes every part of a key that has parts", () => {
    const rows = SUPPORTED.flatMap((key) => {
      const defaults = (LEAST_ENTRY[key] ? {} : (partsInWords(key) ?? writtenDefault(key))) as Record<string, unknown> | undefined;
      const inEntry = schema.shape[key].safeParse([LEAST_ENTRY[key]]).data as Record<string, unknown>[] | undefined;
      return namesAt(schema, LEAST_ENTRY[key] ? [key, 0] : [key]).map((part) => {
        const preset = defaults?.[part] ?? (LEAST_ENTRY[key]?.[part] ? undefined : inEntry?.[0]?.[part]);
        return [
          code(`${key}${LEAST_ENTRY[key] ? "[]" : ""}.${part}`),
          preset === undefined ? "" : code(preset),
          hintOf(key, ...(LEAST_ENTRY[key] ? [0] : []), part).want,
        ];
      });
    });
    expectTable(readme, "| part | default | accepted |", rows);
  });
});

const DECISIONS = readdirSync("docs/decisions")
  .filter((file) => /^\d/.test(file))
  .map((file) => `docs/decisions/${file}`);
const PAGES = ["README.md", "CONTRIBUTING.md", "docs/decisions/README.md", ...DECISIONS].map((file) => ({
  file,
  text: readFileSync(file, "utf8"),
}));
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

test("an npm script does nothing but start its command", () => {
  for (const [name, script] of Object.entries(scripts))
    expect(script).toMatch(new RegExp(`^node commands/run\\.mjs (test )?${name.replace(":", " ").replace(/^test /, "")}$`));
});

test("README.md tells of every npm script", () => {
  const { text } = PAGES[0] as { text: string };
  const missing = Object.keys(scripts).filter(
    (name) =>
      !text.includes(["start", "test"].includes(name) ? `\`npm ${name}\`` : `npm run ${name}`) && !text.includes(`npm run -s ${name}`),
  );
  expect(missing).toEqual([]);
});

describe.each(PAGES)("$file", ({ file, text }) => {
  test("names no npm script, file or page that is not there", () => {
    const commands = [...text.matchAll(/npm run (?:-s )?([a-z][\w:]*(?:-\w+)*)/g)].map(([, name = ""]) => name);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
    const files = [...text.matchAll(/`((?:components|steps|settings|commands|toolchain|test|app|docs)\/[\w./-]+)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(files.filter((path) => !existsSync(path))).toEqual([]);
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path = "", anchor]) => ({
      path: path === "" ? file : join(dirname(file), path),
      anchor,
    }));
    expect(links.filter(({ path }) => !existsSync(path))).toEqual([]);
    expect(links.filter(({ path, anchor }) => anchor && !anchorsOf(path).includes(anchor))).toEqual([]);
  });
});

test("each decision has its number, its parts and its line in the list", () => {
  const list = readFileSync("docs/decisions/README.md", "utf8");
  for (const [index, file] of DECISIONS.entries()) {
    const number = String(index + 1).padStart(4, "0");
    const text = readFileSync(file, "utf8");
    expect(file).toMatch(new RegExp(`/${number}-`));
    expect(
      text
        .split("\n")
        .filter((line) => /^(#|Status:)/.test(line))
        .map((line) => line.replace(/:.*/, "")),
    ).toEqual([`# ${number}`, "Status", "## Context", "## Decision", "## Consequences"]);
    expect(list).toContain(`| [${number}](${file.slice("docs/decisions/".length)}) | `);
  }
});

/** The anchors that a page's headings get. */
const anchorsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

/** Of the keys that hold a list of objects: the least that an entry needs. */
const LEAST_ENTRY: Partial<Record<string, Readonly<Record<string, unknown>>>> = {
  workers: { name: "mail", command: ["mail"] },
  volumes: { name: "data", target: "/data" },
  binds: { source: "/srv/files", target: "/files" },
  tmpfs: { target: "/cache", size: "64M" },
};

const code = (value: unknown): string => `\`${String(value)}\``;

/** @throws Error with the table to put there, where the text has another one under this head. */
function expectTable(text: string, head: string, rows: readonly (readonly string[])[]): void {
  const lines = rows.map((cells) => `|${cells.map((cell) => (cell === "" ? " " : ` ${cell.replace(/<(?=[^`]*$)/g, "\\<")} `)).join("|")}|`);
  const table = [head, head.replaceAll(/[^|]+/g, "---"), ...lines].join("\n");
  const found = text.slice(text.indexOf(head)).split("\n\n")[0];
  if (found?.trimEnd() !== table) throw new Error(`the table that begins with "${head}" should be:\n\n${table}\n`);
}
