/** Commands at a terminal: a real pseudo-terminal, a real npm and run.mjs, and a stand-in for Pulumi that notes its signals. */
import { spawn as spawnInTerminal } from "@lydell/node-pty";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { temporaryFolder, write } from "./folders.ts";

export const CHECKOUT = resolve(__dirname, "../..");

/** Notes each signal with its time; ends in order half a second after the first, and at once on a second SIGINT. */
const PULUMI = `#!${process.execPath}
const { appendFileSync } = require("node:fs");
const note = (what) => appendFileSync(process.env.NOTES, what + " " + Date.now() + "\\n");
let asked = 0;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
  note(signal);
  if (++asked === 1) setTimeout(() => { note("ended"); process.exit(255); }, Number(process.env.STEP ?? 500));
  else if (signal === "SIGINT") { note("terminated"); process.exit(1); }
});
process.stdout.on("error", () => {});
note("words " + process.argv.slice(2).join(" ") + " at");
if (process.env.PRINT) setInterval(() => process.stdout.write("step\\n"), 20);
process.stdout.write("pulumi is at work " + Boolean(process.stdout.isTTY) + "\\n");
setTimeout(() => { note("done"); process.exit(0); }, Number(process.env.WORK ?? 20000));
`;

/** The verb \`up\`, with all that concerns signals as the real ones have it. */
const UP = `
import { readFileSync } from "node:fs";
import { main } from ${JSON.stringify(join(CHECKOUT, "commands/shared/cli.ts"))};
import { pulumiIn } from ${JSON.stringify(join(CHECKOUT, "stack/pulumiCli.ts"))};
const pulumi = pulumiIn(process.cwd(), process.env);
await main(async () => {
  const isRunner = readFileSync("/proc/self/cmdline", "utf8").includes("run.mjs");
  console.log("run.mjs is process " + (isRunner ? process.pid : process.ppid));
  await pulumi.change(["up", ...process.argv.slice(2)]);
  console.log("released");
}, { onSignal: () => pulumi.interrupt() });
`;

/** Variables under which run.mjs takes its Node for one that warns of TypeScript: it starts another one then. */
export const onOldNode = (): NodeJS.ProcessEnv => {
  const folder = temporaryFolder({
    "old.cjs": 'if (process.argv[1]?.endsWith("run.mjs")) Object.defineProperty(process.versions, "node", { value: "22.18.0" });',
  });
  return { NODE_OPTIONS: `--require ${join(folder, "old.cjs")}` };
};

export interface Project {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the stand-in has noted so far, without times. */
  notes(): string[];
  /** Fulfilled once it has noted this. */
  noted(what: string): Promise<void>;
}

/** A checkout with the real run.mjs, the verb \`up\` and others. @param verbs programs by their verbs */
export function project(verbs: Readonly<Record<string, string>> = {}, variables: NodeJS.ProcessEnv = {}): Project {
  const programs: Readonly<Record<string, string>> = { up: UP, ...verbs };
  const scripts = Object.fromEntries(Object.keys(programs).map((verb) => [verb, `node commands/run.mjs ${verb}`]));
  const lock = JSON.stringify({ packages: { "": {} } });
  const folder = temporaryFolder({
    "package.json": JSON.stringify({ type: "module", scripts }),
    "package-lock.json": lock,
    "node_modules/.package-lock.json": lock,
    "bin/package.json": JSON.stringify({ type: "commonjs" }),
    "bin/pulumi": { text: PULUMI, mode: 0o755 },
  });
  for (const file of ["commands/run.mjs", "commands/shared/npmOptions.mjs"]) cpSync(join(CHECKOUT, file), join(folder, file));
  for (const [verb, program] of Object.entries(programs)) write(join(folder, `commands/${verb}.ts`), program);
  const file = join(folder, "notes");
  const notes = () =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .trimEnd()
          .split("\n")
          .map((line) => line.replace(/ \d+$/, ""))
      : [];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NO_COLOR: "1",
    NOTES: file,
    PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`,
    ...variables,
  };
  for (const name of Object.keys(env)) if (/^npm_/i.test(name)) delete env[name]; // of the npm that runs the tests
  return {
    folder,
    env,
    notes,
    noted: (what) =>
      until(
        () => notes().includes(what),
        () => `${what} is not noted: ${notes().join(", ")}`,
      ),
  };
}

export interface Terminal {
  readonly pid: number;
  /** All that was shown so far, without what moves the cursor. */
  shown(): string;
  /** Fulfilled once this was shown. @param patience in milliseconds; default: 15 s */
  shows(what: string | RegExp, patience?: number): Promise<void>;
  type(keys: string): void;
  /** As a connection that is lost. */
  close(): void;
  /** Fulfilled with the exit code; 128 and its number for a signal. */
  readonly ended: Promise<number>;
}

const open = new Set<Terminal>();
afterEach(() => open.forEach((terminal) => terminal.close()));

/** Runs a shell line at a terminal of its own, which is closed after the test. */
export function atTerminal({ folder, env }: Pick<Project, "folder" | "env">, line: string): Terminal {
  const terminal = spawnInTerminal("/bin/sh", ["-c", line], { cwd: folder, env, cols: 120, rows: 40 });
  let output = "";
  terminal.onData((text) => (output += text));
  const shown = () => output.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, "");
  const made: Terminal = {
    pid: terminal.pid,
    shown,
    shows: (what, patience) =>
      until(
        () => (typeof what === "string" ? shown().includes(what) : what.test(shown())),
        () => `${String(what)} is not shown:\n${shown()}`,
        patience,
      ),
    type: (keys) => terminal.write(keys),
    close: () => (terminal as unknown as { destroy(): void }).destroy(),
    ended: new Promise((resolve) =>
      terminal.onExit(({ exitCode, signal }) => {
        open.delete(made);
        resolve(signal ? 128 + signal : exitCode);
      }),
    ),
  };
  open.add(made);
  return made;
}

/** Waits until this holds. @throws with what is missing where it does not in time (milliseconds) */
export async function until(holds: () => boolean | Promise<boolean>, missing: () => string, patience = 15_000): Promise<void> {
  for (const deadline = Date.now() + patience; Date.now() < deadline;) {
    if (await holds()) return;
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error(missing());
}
