import { hostPrefix } from "../../../commands/backups/hosts.ts";
import { clearanceOf, type ResticLock } from "../../../commands/backups/locks.ts";
import { openWorkspace } from "../../../commands/backups/workspace.ts";
import { context, ENGINE, INFO, restic, resticCalls, WORKSPACE } from "../../support/backupEngine.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { listed, useEngine } from "../../support/useEngine.ts";

const PREFIX = hostPrefix(INFO);
const lock = (id: string, hostname: string, more: Partial<ResticLock> = {}): ResticLock => ({
  id,
  hostname,
  pid: 8,
  time: "2026-03-10T11:59:00Z",
  ...more,
});

beforeEach(() => void jest.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

describe("of restic's locks", () => {
  const NOW = Date.parse("2026-03-10T12:00:00Z");
  const clearance = (locks: ResticLock[], { there = [], seen = [] }: { there?: string[]; seen?: string[] } = {}) => {
    const { dead, old } = clearanceOf(locks, { prefix: PREFIX, there: new Set(there), now: NOW, seen: new Set(seen) });
    return { dead: Object.fromEntries(dead), old };
  };
  const OLD = { time: "2026-03-10T11:29:00Z" };

  test("those of workspaces that are gone may go, however young, and no other one", () => {
    const locks = [
      lock("a", `${PREFIX}1`),
      lock("b", `${PREFIX}2`, { pid: 30 }),
      lock("c", `${PREFIX}2`, { pid: 12 }),
      lock("d", `${PREFIX}3`),
      lock("e", "laptop"),
    ];
    expect(clearance(locks, { there: [`${PREFIX}1`] })).toEqual({ dead: { [`${PREFIX}2`]: 30, [`${PREFIX}3`]: 8 }, old: false });
  });

  test("those of another engine may not, though its names are like these", () => {
    expect(
      clearance([lock("a", `${hostPrefix({ ...INFO, ID: "OTHER" })}1`), lock("b", `${hostPrefix({ ...INFO, Name: "clone" })}1`)]),
    ).toEqual({ dead: {}, old: false });
  });

  test("old ones may go once nobody has renewed them for a while", () => {
    expect(clearance([lock("a", "laptop", OLD)], { seen: ["a"] })).toEqual({ dead: {}, old: true });
    expect(clearance([lock("a", "laptop")], { seen: ["a"] })).toEqual({ dead: {}, old: false });
  });

  test("none may, where one only looks old: its holder renews it, with a clock that is behind, and restic would take it away as well", () => {
    const locks = [lock("new", "laptop", OLD), lock("d", `${PREFIX}3`), lock("a", "server", OLD)];
    expect(clearance(locks, { seen: ["a"] })).toEqual({ dead: {}, old: false });
  });
});

describe("a command of restic that finds the repository locked", () => {
  const LOCKED: Answer = { to: restic("check"), exit: 11, stderr: "already locked", times: 1 };
  const GOOD: Answer = { to: restic("check"), stdout: "no errors were found" };
  const listing = (...locks: ResticLock[]): Answer[] => [
    { to: restic("list locks"), stdout: locks.map(({ id }) => id).join("\n") },
    ...locks.map(({ id, ...rest }) => ({ to: restic(`cat lock ${id}`), stdout: JSON.stringify(rest) })),
  ];
  const check = async (...answers: Answer[]) => {
    const engine = useEngine([...answers, ...ENGINE]);
    const workspace = await openWorkspace(context.owner, context.backups, { what: "drill", volume: "data" });
    const result = await workspace.tryRestic(["check"]);
    await workspace.close();
    return { engine, code: result.code, asked: resticCalls(engine.calls()) };
  };

  test("runs at once where its holder was killed: restic removes the lock as the one that is gone", async () => {
    const dead: Answer = { to: "attach berth-dev-unlock-", stdout: "successfully removed 1 locks", open: 0 };
    const { engine, code, asked } = await check(
      LOCKED,
      GOOD,
      ...listing(lock("aa", `${PREFIX}gone`, { pid: 30 })),
      { to: "containers all label=berth.host", json: [listed("x", { "berth.host": `${PREFIX}there` })] },
      dead,
    );
    expect({ code, asked }).toEqual({
      code: 0,
      asked: ["check", "list locks --no-lock --quiet", "cat lock aa --no-lock --quiet", "check"],
    });
    const made = engine.sent("create berth-dev-unlock-")[0];
    expect(made).toMatchObject({ Hostname: `${PREFIX}gone`, HostConfig: { AutoRemove: true } });
    expect((made as { Cmd: string[] }).Cmd).toEqual([
      expect.stringMatching(/while \[ \$i -le 30 \].*\n.*exec restic "\$@"$/),
      "restic",
      "--no-cache",
      "unlock",
    ]);
  });

  test("waits where its holder is there", async () => {
    const there: Answer = { to: "containers all label=berth.host", json: [listed("x", { "berth.host": `${PREFIX}there` })] };
    const { code, asked } = await check(LOCKED, GOOD, ...listing(lock("aa", `${PREFIX}there`)), there);
    expect({ code, asked: asked.filter((call) => call.startsWith("check")) }).toEqual({
      code: 0,
      asked: ["check", "check --retry-lock 6m"],
    });
    expect(console.error).toHaveBeenCalledWith(`The repository at /b is in use by process 8 on ${PREFIX}there: waiting for it.`);
  });

  test("does not give up before an old lock was seen twice, and removes it then", async () => {
    const old = lock("aa", "laptop", { time: "2026-03-10T11:00:00Z" });
    const { code, asked } = await check(
      { ...LOCKED, times: 2 },
      GOOD,
      ...listing(old),
      { to: "containers all label=berth.host" },
      { to: restic("unlock") },
    );
    expect({ code, asked: asked.filter((call) => !/^(list|cat) /.test(call)) }).toEqual({
      code: 0,
      asked: ["check", "check --retry-lock 6m", "unlock", "check"],
    });
  });

  test("says so where somebody else goes on holding it", async () => {
    const { code, asked } = await check({ to: restic("check"), exit: 11 }, ...listing(lock("aa", "laptop")), {
      to: "containers all label=berth.host",
    });
    expect({ code, asked: asked.filter((call) => !/^(list|cat) /.test(call)) }).toEqual({
      code: 11,
      asked: ["check", "check --retry-lock 6m"],
    });
  });

  test("takes a lock that cannot be read for no dead one", async () => {
    const answers: Answer[] = [
      LOCKED,
      { to: restic("list locks"), stdout: "aa" },
      { to: restic("cat lock aa"), exit: 1, stderr: "broken pipe" },
    ];
    await expect(check(...answers)).rejects.toThrow("restic: broken pipe");
  });
});

test("a workspace has a host name that no other one has", async () => {
  const engine = useEngine([...ENGINE]);
  for (let count = 0; count < 2; count++)
    await (await openWorkspace(context.owner, context.backups, { what: "drill", volume: "data" })).close();
  const names = engine.sent(`create ${WORKSPACE}`).map((body) => (body as { Hostname: string }).Hostname);
  expect(names).toEqual([expect.stringMatching(new RegExp(`^${PREFIX}[0-9a-f]{12}$`)), expect.stringMatching(new RegExp(`^${PREFIX}`))]);
  expect(new Set(names).size).toBe(2);
});
