/** Two terminals: while one changes a stack, the other is refused and told by whom, or waits in line, or takes over from the dead. */
import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { startProgram, startCommand, type Update } from "../chaos/update.ts";
import { updateProcesses } from "../chaos/updateProcesses.ts";
import { type Backend, folderBackend, s3Backend } from "./support/backends.ts";
import { Checkout, type Ran } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { LONG } from "./support/long.ts";

/** Lasts until the test lets it go. */
const MIGRATION =
  'const fs = require("fs"); console.log("migrating"); ' +
  'const look = () => fs.existsSync("/data/go") ? fs.unlinkSync("/data/go") : setTimeout(look, 100); look()';
const MIGRATING = /migrating/;
/** Moments of an update, with what it has printed by then. Before the first change Pulumi's record tells nothing of it. */
const KILLS: readonly [string, RegExp][] = [
  ["in the migration", MIGRATING],
  ["before the first change", /^Updating \(/],
];
/** Seconds that the first migration lasts at least. */
const LASTS = LONG ? 60 : 0;
/** Milliseconds until a stack whose holder was killed has another one. */
const TAKES_OVER = 10_000;

const UP = ["up", "--yes"];
const ROLLBACK = ["rollback"];
const PRUNE = ["prune", "--yes"];
const OTHERS = [
  PRUNE,
  ["restore", "data", "--yes"],
  ["adopt"],
  ["destroy", "--yes"],
  ["secrets", "set", "token"],
  ["secrets", "rotate", "token", "--yes"],
  ["secrets", "rm", "token", "--yes"],
];

const BACKENDS: readonly [string, () => Promise<Backend>, full: boolean][] = [
  ["a folder", folderBackend, true],
  ["S3", s3Backend, LONG],
];

describe.each(BACKENDS)("with %s as the backend", (_, open, full) => {
  let backend: Backend;
  let app: Checkout;
  let replica: string;
  beforeAll(async () => {
    backend = await open();
    const volumes = [{ name: "data", target: "/data", backup: { keep: 2 } }];
    app = await Checkout.make({ replicas: 1, drain: "0s", volumes, backups: { target: "/nowhere" } }, { env: backend.env });
    await app.secret("backups.password", "a password");
    await app.secret("secrets.token", "hush");
    await app.upOk();
    await set({ env: { GREETING: "second" } });
    await app.upOk();
    [replica = ""] = await app.output<string[]>("replicas");
    await set({ migration: { command: ["-e", MIGRATION], timeout: "170s" } });
  });
  afterAll(async () => {
    await app?.remove();
    await backend?.close();
  });

  const settings = () => join(app.folder, `Pulumi.${app.stack}.yaml`);
  async function set(values: Record<string, unknown>): Promise<void> {
    const file = parse(await readFile(settings(), "utf8")) as { config: Record<string, unknown> };
    for (const [key, value] of Object.entries(values)) file.config[`berth:${key}`] = value;
    await app.write(`Pulumi.${app.stack}.yaml`, stringify(file));
  }

  const begin = async (greeting: string, update: () => Update, moment = MIGRATING): Promise<Update> => {
    await set({ env: { GREETING: greeting } });
    const begun = update();
    if (!(await begun.sees(moment))) throw new Error((await begun.ended).output);
    return begun;
  };
  const npmUp = () => startCommand(app, ...(UP as [string, string]));
  const plainUp = () => startProgram(app, ["pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", app.stack]);
  const job = () => docker("ps", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=job");
  const letGo = async () => docker("exec", await job(), "touch", "/data/go");
  const greets = async () => ((await (await fetch(`${app.url}/about`)).json()) as { greeting: string }).greeting;
  const label = () => docker("inspect", "--format", '{{index .Config.Labels "berth.holder"}}', `berth-${app.stack}-lock`);
  const holder = async () => JSON.parse(await label().catch(() => "{}")) as { pid?: number };
  const seen = async () => ({ engine: await census(app.stack), settings: await readFile(settings(), "utf8"), holder: await holder() });

  /** A secret's value comes by a pipe. */
  const run = ([verb = "", ...words]: readonly string[]): Promise<Ran> =>
    app.exec("sh", ["-c", 'echo value | node commands/run.mjs "$@"', "sh", verb, ...words, "--stack", app.stack]);

  const who = (what: string, pid: number | undefined) => `${what} by ${userInfo().username} on ${hostname()}, process ${pid}`;
  async function refusesEach(commands: readonly (readonly string[])[], what: string): Promise<void> {
    const before = await seen();
    for (const words of commands) {
      const { code, output } = await run(words);
      expect(output).toContain(`stack ${app.stack} is held by ${who(what, before.holder.pid)}, for `);
      expect(output).toMatch(/, for \d+ (s|min); nothing was changed\. Run this again when it has ended, or wait in line: --wait 10m$/m);
      expect(code).toBe(1);
    }
    expect(await seen()).toEqual(before);
  }

  test("while one is in its migration every other command is refused by name, one waits in line, and the first ends well", async () => {
    const copy = await backend.copy();
    const began = Date.now();
    const first = await begin("third", npmUp);
    await refusesEach([UP, ROLLBACK, ...(full ? OTHERS : [])], "up");
    if (full) {
      const before = await seen();
      await app.write(`.berth/watchdog/${app.stack}.json`, JSON.stringify({ [replica]: { restarts: 1, last: Date.now() } }));
      expect((await run(["watchdog", "--once"])).output).toContain(`Somebody changes the stack (${who("up", before.holder.pid)}, since `);

      const sameRecord = await app.up();
      expect(sameRecord.output).toContain("the stack is currently locked by 1 lock(s)");
      expect(sameRecord.code).not.toBe(0);
      const another = await app.exec("env", [
        `PULUMI_BACKEND_URL=${copy}`,
        "pulumi",
        "up",
        "--yes",
        "--skip-preview",
        "--stack",
        app.stack,
      ]);
      expect(another.output).toContain(`stack ${app.stack} is held by ${who("up", before.holder.pid)}, for `);
      expect(another.code).not.toBe(0);
      expect(await seen()).toEqual(before);
    }
    const waiting = full ? startCommand(app, "up", "--yes", "--wait", "2m") : undefined;
    expect(await waiting?.sees(/^Waiting for stack \S+, which is held by up by \S+ on \S+, process \d+, for \d+ (s|min) \.\.\.$/)).toBe(
      full ? true : undefined,
    );
    await sleep(Math.max(0, began + LASTS * 1000 - Date.now()));
    await letGo();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await greets()).toBe("third");
    if (waiting) expect(await waiting.ended).toMatchObject({ code: 0 });
    // The engine removes it a moment later
    while (Object.keys(await holder()).length > 0) expect(Date.now() - began).toBeLessThan(LASTS * 1000 + TAKES_OVER * 20);
  });

  (full ? test : test.skip)("while plain Pulumi is in its migration the commands are refused by its name", async () => {
    const first = await begin("fourth", plainUp);
    await refusesEach([UP, PRUNE, ROLLBACK], "pulumi up");
    await letGo();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await greets()).toBe("fourth");
  });

  (full ? test : test.skip).each(KILLS.slice(0, LONG ? 2 : 1))(
    "where the command and its Pulumi are killed %s, the next one takes over within seconds",
    async (when, moment) => {
      const first = await begin(when, npmUp, moment);
      const { pid: dead } = await holder();
      for (const pid of [
        dead,
        ...updateProcesses(app.folder)
          .filter(({ role }) => role === "cli")
          .map((cli) => cli.pid),
      ])
        process.kill(pid ?? 0, "SIGKILL");
      const killed = Date.now();
      const next = npmUp();
      for (let now = await holder(); now.pid === undefined || now.pid === dead; now = await holder())
        expect(Date.now() - killed).toBeLessThan(TAKES_OVER);
      console.log(`the next one holds the stack ${((Date.now() - killed) / 1000).toFixed(1)} s after its holder was killed`);
      await first.ended;
      if (moment !== MIGRATING && !(await next.sees(MIGRATING))) throw new Error((await next.ended).output);
      await letGo();
      expect(await next.ended).toMatchObject({ code: 0 });
      expect(await greets()).toBe(when);
    },
  );
});
