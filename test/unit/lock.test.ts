import { spawnSync } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { chooseEngine } from "../../engine/engine.ts";
import { holderOf, lockName, StackHeld, takeLock } from "../../engine/lock.ts";
import { OWNER } from "../support/configuration.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";

const MADE: Answer = { to: "create berth-dev-lock", json: { Id: "lock-1" } };
const TAKEN: Answer = { to: "create berth-dev-lock", status: 409, message: "Conflict. The container name is already in use" };
const HELD = [MADE, { to: "attach lock-1" }, { to: "start lock-1" }];
const HOLDER = { what: "rollback", user: "ada", host: "laptop", pid: 4711, since: new Date(Date.now() - 120_000).toISOString() };
const lockOf = (Status: string, Created = new Date().toISOString()): Answer => ({
  to: "inspect berth-dev-lock",
  json: { Id: "lock-0", Created, Config: { Labels: { "berth.holder": JSON.stringify(HOLDER) } }, State: { Status } },
});
const GONE: Answer = { to: "inspect berth-dev-lock", status: 404 };

function on(answers: readonly Answer[]) {
  const engine = fakeEngine(answers);
  chooseEngine({ host: engine.host, from: "the test" });
  return engine;
}

test("one that was made and whose answer was lost is taken away, for it would be in the way, and another's is not", async () => {
  const [since, other] = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"];
  const clock = jest.spyOn(Date.prototype, "toISOString");
  const tried = async (mine: string) => {
    clock.mockReturnValue(since);
    const holder = { what: "up", user: userInfo().username, host: hostname(), pid: process.pid, since: mine };
    const json = { Id: "lock-1", Config: { Labels: { "berth.holder": JSON.stringify(holder) } }, State: { Status: "created" } };
    const engine = on([{ ...MADE, breaks: true }, { to: "inspect berth-dev-lock", json }, { to: "remove lock-1" }]);
    const taken = takeLock(OWNER, "up");
    await expect(taken).rejects.toThrow(/ broke .*: asked for a new container berth-dev-lock$/);
    return engine.calls().at(-1);
  };
  expect([await tried(since), await tried(other)]).toEqual(["remove lock-1", "inspect berth-dev-lock"]);
  clock.mockRestore();
});

describe("of a holder on this machine that has died", () => {
  const { pid = 0 } = spawnSync("true");
  const left = (Status: string): Answer => {
    const holder = { ...HOLDER, host: hostname(), pid };
    const Created = new Date().toISOString();
    const json = { Id: "lock-0", Created, Config: { Labels: { "berth.holder": JSON.stringify(holder) } }, State: { Status } };
    return { to: "inspect berth-dev-lock", json };
  };

  test("the lock is waited for, which the engine removes a moment later, though nobody wants to wait in line", async () => {
    const engine = on([{ ...TAKEN, times: 2 }, { ...left("running"), times: 2 }, GONE, ...HELD]);
    await (
      await takeLock(OWNER, "up")
    ).held;
    expect(engine.calls().filter((call) => call.startsWith("create"))).toHaveLength(3);
  });

  test("a lock that was never started is removed at once", async () => {
    const engine = on([
      { ...TAKEN, times: 1 },
      left("created"),
      { to: "info", json: { SystemTime: new Date().toISOString() } },
      { to: "remove lock-0" },
      ...HELD,
    ]);
    await (
      await takeLock(OWNER, "up")
    ).held;
    expect(engine.calls()).toContain("remove lock-0");
  });
});

const refusal = (taken: Promise<unknown>) =>
  taken.then(
    () => "taken",
    (error: Error) => error.message,
  );

test("a lock is a container of the stack's own name, whose input is attached before it starts", async () => {
  const engine = on(HELD);
  const lock = await takeLock(OWNER, "up");
  await lock.held;
  expect([lockName(OWNER), lock.id, engine.calls()]).toEqual([
    "berth-dev-lock",
    "lock-1",
    ["create berth-dev-lock", "attach lock-1", "start lock-1"],
  ]);
  expect(engine.sent("create")[0]).toMatchObject({
    Entrypoint: ["cat"],
    OpenStdin: true,
    StdinOnce: true,
    Labels: {
      "berth.project": "berth",
      "berth.stack": "dev",
      "berth.part": "lock",
      "berth.holder": expect.stringContaining('"what":"up"') as string,
    },
    HostConfig: { AutoRemove: true, NetworkMode: "none", ReadonlyRootfs: true, CapDrop: ["ALL"] },
  });
  lock.release();
});

test("a second one is refused with the name of the holder, since when, on which host, and how to wait", async () => {
  on([TAKEN, lockOf("running")]);
  const taken = takeLock(OWNER, "up");
  await expect(taken).rejects.toBeInstanceOf(StackHeld);
  expect(await refusal(taken)).toBe(
    "stack dev is held by rollback by ada on laptop, process 4711, for 2 min; nothing was changed. Run this again when it has ended, or wait in line: --wait 10m",
  );
});

test("waits in line where that is asked for, says so once, and goes on when the holder has gone", async () => {
  on([{ ...TAKEN, times: 3 }, { ...lockOf("running"), times: 2 }, GONE, ...HELD]);
  const said: string[] = [];
  (await takeLock(OWNER, "up", { wait: 10, onWait: (line) => said.push(line) })).release();
  expect(said).toEqual(["Waiting for stack dev, which is held by rollback by ada on laptop, process 4711, for 2 min ..."]);
});

test("does not wait longer than was asked for", async () => {
  on([TAKEN, lockOf("running")]);
  expect(await refusal(takeLock(OWNER, "up", { wait: 0.3 }))).toContain("It was waited for 0.3 s.");
});

describe("a lock that nobody holds", () => {
  const clock = (seconds: number): Answer => ({ to: "info", json: { SystemTime: new Date(Date.now() + seconds * 1000).toISOString() } });

  test("because its holder died before the start, by the engine's clock, gives way, and not by force", async () => {
    const engine = on([{ ...TAKEN, times: 1 }, lockOf("created"), clock(21), { to: "remove lock-0" }, ...HELD]);
    (await takeLock(OWNER, "up")).release();
    expect(engine.calls()).toContain("remove lock-0");
  });

  test("is somebody's as long as it may be starting", async () => {
    on([lockOf("created"), clock(5)]);
    expect(await holderOf(OWNER)).toEqual(HOLDER);
  });

  test("that was started after all stays", async () => {
    on([{ ...lockOf("created"), times: 1 }, clock(21), { to: "remove lock-0", status: 409 }, lockOf("running")]);
    expect(await holderOf(OWNER)).toEqual(HOLDER);
  });

  test("because its holder has ended is removed by the engine, which is waited for", async () => {
    on([{ ...lockOf("exited"), times: 2 }, GONE]);
    expect(await holderOf(OWNER)).toBeUndefined();
  });
});

test.each<[string, Answer[]]>([
  ["make it", [{ to: "create", status: 500, message: "disk full" }]],
  ["say who holds it", [TAKEN, { to: "inspect", status: 500, message: "disk full" }]],
  ["attach to it", [MADE, { to: "attach", status: 500, message: "disk full" }, { to: "remove lock-1" }]],
  ["start it", [MADE, { to: "attach" }, { to: "start", status: 500, message: "disk full" }, { to: "remove lock-1" }]],
])("an engine that cannot %s gives no lock", async (_, answers) => {
  on(answers);
  expect(await refusal(takeLock(OWNER, "up").then(({ held }) => held))).toMatch(/disk full$/);
});

test("a container of another's with that name is told of", async () => {
  on([TAKEN, { to: "inspect berth-dev-lock", json: { Id: "x", Config: { Labels: {} }, State: { Status: "running" } } }]);
  expect(await refusal(takeLock(OWNER, "up"))).toBe(
    "a container that is not Berth's is called berth-dev-lock, as the lock of stack dev would be: rename it",
  );
});

test("an engine without the image says what to run", async () => {
  on([{ to: "create", status: 404, message: "No such image" }]);
  expect(await refusal(takeLock(OWNER, "up"))).toMatch(
    /^the engine has no image node:24-bookworm-slim, by which a stack is held: npm run setup$/,
  );
});

test("one that is lost is told, and one that is given back is not", async () => {
  on([MADE, { to: "attach lock-1", open: 0.1 }, { to: "start lock-1" }]);
  const lost = await takeLock(OWNER, "up");
  await new Promise((resolve) => lost.lost.addEventListener("abort", resolve));
  expect((lost.lost.reason as Error).message).toContain("the lock of stack dev was lost");
  on(HELD);
  const given = await takeLock(OWNER, "up");
  await given.held;
  given.release();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(given.lost.aborted).toBe(false);
});
