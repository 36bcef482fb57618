import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const CHECKOUT = resolve(__dirname, "../../..");
let root: string;

/** A checkout with the real run.mjs and cli.ts, an npm that counts its calls, and the verb `say`. */
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "berth-run-")));
  for (const file of [
    "commands/run.mjs",
    "commands/shared/cli.ts",
    "commands/shared/npmOptions.mjs",
    "commands/shared/output.ts",
    "stack/signals.ts",
    "toolchain/paint.ts",
    "settings/userError.ts",
  ]) {
    cpSync(join(CHECKOUT, file), join(root, file));
  }
  const scripts = { say: "node commands/run.mjs say", start: "node commands/run.mjs start" };
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module", scripts }));
  writeLock("1.0.0");
  mkdirSync(join(root, "bin"));
  writeFileSync(
    join(root, "bin/npm"),
    "#!/bin/sh\necho called >> npm-calls\n[ -e npm-fails ] && { echo 'registry is down' >&2; exit 7; }\n" +
      "rm -rf node_modules && mkdir node_modules && cp package-lock.json node_modules/.package-lock.json\n",
    { mode: 0o755 },
  );
  say("console.log(JSON.stringify(process.argv.slice(2)));");
});
afterEach(() => rmSync(root, { recursive: true }));

const say = (program: string) => writeFileSync(join(root, "commands/say.ts"), program);
const writeLock = (version: string) =>
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "": {}, "node_modules/x": { version } } }));
const env = () => ({ ...process.env, PATH: `${root}/bin:${process.env.PATH}`, NO_COLOR: "1" });
const start = (...args: string[]) =>
  spawnSync(process.execPath, ["commands/run.mjs", ...args], { cwd: root, encoding: "utf8", env: env() });
const npmCalls = () => (existsSync(join(root, "npm-calls")) ? readFileSync(join(root, "npm-calls"), "utf8").split("\n").length - 1 : 0);

describe("run.mjs", () => {
  /** As after an installation, without one. */
  const install = () => {
    mkdirSync(join(root, "node_modules"));
    cpSync(join(root, "package-lock.json"), join(root, "node_modules/.package-lock.json"));
  };

  test("installs the packages of a fresh clone, says so, and runs the verb with its arguments", () => {
    const first = start("say", "--to", "a b");
    expect(first.stdout).toBe('["--to","a b"]\n');
    expect(first.stderr).toMatch(/^Installing packages with npm ci .*\nPackages installed in \d+ s\.\n$/);
    expect(first.status).toBe(0);
    const second = start("say");
    expect(second.stderr).toBe("");
    expect(npmCalls()).toBe(1);
  });

  test("installs again when package-lock.json asks for something else, by its content", () => {
    start("say");
    writeLock("1.0.0"); // another time, the same content
    start("say");
    expect(npmCalls()).toBe(1);
    writeLock("2.0.0");
    start("say");
    expect(npmCalls()).toBe(2);
  });

  test("leaves packages alone that npm itself has installed as the lock file asks", () => {
    install();
    expect(start("say").status).toBe(0);
    expect(npmCalls()).toBe(0);
  });

  test("two runs at once install once", async () => {
    const both = [1, 2].map(
      () =>
        new Promise((done) => {
          const child = spawn(process.execPath, ["commands/run.mjs", "say"], { cwd: root, env: env(), stdio: "ignore" });
          child.on("exit", done);
        }),
    );
    expect(await Promise.all(both)).toEqual([0, 0]);
    expect(npmCalls()).toBe(1);
  });

  test("takes over from a run that was killed while it installed", () => {
    const { pid } = spawnSync("true");
    mkdirSync(join(root, ".berth"));
    writeFileSync(join(root, ".berth/install.lock"), String(pid));
    expect(start("say").status).toBe(0);
    expect(npmCalls()).toBe(1);
    expect(existsSync(join(root, ".berth/install.lock"))).toBe(false);
  });

  test("takes over from a run whose process id another one has got since, as after a reboot", () => {
    mkdirSync(join(root, ".berth"));
    writeFileSync(join(root, ".berth/install.lock"), `${process.pid} ${"0".repeat(36)} 1`);
    expect(start("say").status).toBe(0);
    expect(npmCalls()).toBe(1);
  });

  test("tells what to do when npm fails, and tries again the next time", () => {
    writeFileSync(join(root, "npm-fails"), "");
    const failed = start("say");
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain("error: npm ci failed with exit code 7: see its message below");
    expect(failed.stderr).toContain("registry is down");
    rmSync(join(root, "npm-fails"));
    expect(start("say").status).toBe(0);
  });

  test.each([
    [["sya"], 'error: there is no command "sya": did you mean say?\n'],
    [["publish"], 'error: there is no command "publish": known: say, start\n'],
    [[], "error: say what to do: npm run <verb>, one of: say, start\n"],
  ])("knows no verb %j, and installs nothing for it", (args, message) => {
    const result = start(...args);
    expect(result.stderr).toBe(message);
    expect(result.status).toBe(1);
    expect(npmCalls()).toBe(0);
  });

  test("ends as its verb ends, and puts the chosen Node first on PATH", () => {
    install();
    say('console.log(process.env.PATH?.split(":")[0]); process.exit(42);');
    const result = start("say");
    expect(result.status).toBe(42);
    expect(result.stdout).toBe(`${resolve(process.execPath, "..")}\n`);
  });

  test("passes a signal on and ends as the verb then ends", async () => {
    install();
    say('process.on("SIGTERM", () => process.exit(9)); console.log("ready"); setInterval(() => {}, 1000);');
    const child = spawn(process.execPath, ["commands/run.mjs", "say"], { cwd: root, env: env() });
    await new Promise((ready) => child.stdout.once("data", ready));
    child.kill("SIGTERM");
    expect(await new Promise((done) => child.on("exit", done))).toBe(9);
  });

  test("ends its verb where npm, which passes no signal on, is asked to end", async () => {
    install();
    say('process.on("SIGTERM", () => { console.log("ended"); process.exit(9); }); console.log("ready"); setInterval(() => {}, 1000);');
    const npm = spawn("sh", ["-c", `"${process.execPath}" commands/run.mjs say; true`], {
      cwd: root,
      env: { ...env(), npm_lifecycle_event: "say" },
    });
    let output = "";
    npm.stdout.on("data", (text: Buffer) => (output += text.toString()));
    const closed = new Promise((done) => npm.on("close", done)); // once nobody holds its output
    await new Promise((ready) => npm.stdout.once("data", ready));
    npm.kill("SIGTERM");
    await closed;
    expect(output).toBe("ready\nended\n");
  });
});

describe("main", () => {
  const program = (action: string) => `import { main, UserError } from "./shared/cli.ts";\nawait main(async () => { ${action} });\n`;

  /** Runs the verb without run.mjs, which would only cost time here. */
  const alone = () => spawnSync(process.execPath, ["commands/say.ts"], { cwd: root, encoding: "utf8", env: env() });

  test.each([
    ["nothing", "", 0, ""],
    ["a number", "return 3;", 3, ""],
    ["an error for the user", 'throw new UserError("the port is taken: choose another");', 1, "error: the port is taken: choose another\n"],
    ["one with a code of its own", 'throw new UserError("no", 4);', 4, "error: no\n"],
  ])("an action that gives %s", (_, action, status, stderr) => {
    say(program(action));
    const result = alone();
    expect(result.stderr).toBe(stderr);
    expect(result.status).toBe(status);
  });

  test("a fault of Berth's shows where it came from", () => {
    say(program('throw new TypeError("x is undefined");'));
    const result = alone();
    expect(result.stderr).toMatch(/^error: a fault in Berth; please report it/);
    expect(result.stderr).toMatch(/TypeError: x is undefined\n\s+at .*say\.ts/);
    expect(result.status).toBe(1);
  });

  test("Ctrl-C ends with 130", async () => {
    say(program('console.log("ready"); await new Promise((r) => setTimeout(r, 30000));'));
    const child = spawn(process.execPath, ["commands/say.ts"], { cwd: root, env: env() });
    await new Promise((ready) => child.stdout.once("data", ready));
    child.kill("SIGINT");
    expect(await new Promise((done) => child.on("exit", done))).toBe(130);
  });
});
