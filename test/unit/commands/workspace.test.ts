import { Busy, openWorkspace } from "../../../commands/backups/workspace.ts";
import { signOf, watchedExec } from "../../../commands/backups/watchedExec.ts";
import { context, ENGINE, INFO, OF_BACKUPS, restic, WORKSPACE } from "../../support/backupEngine.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { inspected, listed, useEngine } from "../../support/useEngine.ts";

const open = () => openWorkspace(context.owner, context.backups, { what: "backup", volume: "data", mount: { source: "v", write: false } });
const opened = (...answers: Answer[]) => {
  const engine = useEngine([...answers, ...ENGINE]);
  return { engine, workspace: open() };
};

beforeEach(() => void jest.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

describe("a workspace", () => {
  test("is attached before it starts, and ends with its input", async () => {
    const { engine, workspace } = opened();
    await (await workspace).close();
    expect(engine.calls()).toEqual([
      "info",
      OF_BACKUPS,
      `create ${WORKSPACE}`,
      `attach ${WORKSPACE}`,
      `start ${WORKSPACE}`,
      `wait ${WORKSPACE}`,
    ]);
  });

  test("is there once: a second one is told what the first one does", async () => {
    const { workspace } = opened(
      { to: `inspect ${WORKSPACE}`, json: inspected(WORKSPACE, { "berth.doing": "drill" }) },
      {
        to: `create ${WORKSPACE}`,
        status: 409,
        message: `Conflict. The container name "/${WORKSPACE}" is already in use by container "1".`,
      },
    );
    await expect(workspace).rejects.toThrow(Busy);
    await expect(workspace).rejects.toThrow(`volume data is being worked on: drill since 2026-01-01T00:00:00Z in container ${WORKSPACE}`);
  });

  test("removes what has ended, and what nobody has started, of whatever volume", async () => {
    const at = Date.parse(INFO.SystemTime) / 1000;
    const container = (name: string, state: string, age = 0, doing = "backup") => ({
      ...listed(name, { "berth.doing": doing }, state),
      Created: at - age,
    });
    const { engine, workspace } = opened(
      {
        to: OF_BACKUPS,
        json: [
          container("ended", "exited"),
          container("dead", "dead"),
          container("forgotten", "created", 61),
          container("young", "created", 59),
          container("busy", "running", 999),
          container("read", "exited", 999, "check"),
        ],
      },
      { to: "remove id-" },
    );
    await workspace;
    const removed = engine.calls().filter((call) => call.startsWith("remove "));
    expect(removed).toEqual(["remove id-ended", "remove id-dead", "remove id-forgotten"]);
  });

  test("tells of one that was made a moment ago", async () => {
    const { workspace } = opened(
      { to: `inspect ${WORKSPACE}`, json: inspected(WORKSPACE, { "berth.doing": "drill" }, { Status: "created" }) },
      { to: `create ${WORKSPACE}`, status: 409, message: "already in use" },
    );
    await expect(workspace).rejects.toThrow(
      `volume data is being worked on: drill, which starts, or was killed and is out of the way in a minute (container ${WORKSPACE})`,
    );
  });

  test("is not taken for free where the engine does not say so", async () => {
    const { engine, workspace } = opened({ to: OF_BACKUPS, status: 500, message: "busy" });
    await expect(workspace).rejects.toThrow(/busy$/);
    expect(engine.calls()).toEqual(["info", OF_BACKUPS]);
  });

  test("says which folder is missing", async () => {
    const { workspace } = opened({
      to: `create ${WORKSPACE}`,
      status: 400,
      message: 'invalid mount config for type "bind": bind source path does not exist: /b',
    });
    await expect(workspace).rejects.toThrow(
      "berth:backups.target /b does not exist on the engine's host: make the folder, or mount the disk that it is on",
    );
  });

  test("that cannot be started is removed, and what failed first is told", async () => {
    const { engine, workspace } = opened(
      { to: `start ${WORKSPACE}`, status: 500, message: "no bridge" },
      { to: `remove ${WORKSPACE}`, status: 500, message: "nor that" },
    );
    await expect(workspace).rejects.toThrow(/^the container for backup could not be started: .*no bridge$/);
    expect(engine.calls().at(-1)).toBe(`remove ${WORKSPACE}`);
    expect(console.error).toHaveBeenCalledWith(expect.stringContaining("nor that"));
  });

  test("that ends before it is ready tells its last words", async () => {
    const { workspace } = opened({ to: `attach ${WORKSPACE}`, stdout: "sh: base64: not found", open: 0 });
    await expect(workspace).rejects.toThrow(`container ${WORKSPACE} ended before it was ready: sh: base64: not found`);
  });
});

describe("restic", () => {
  test("is given up at once where no time can mend what it says", async () => {
    const words = "Stat(<config/>) returned error, retrying after 2.41s: Stat: Access Denied.";
    const { workspace } = opened({ to: restic("snapshots"), stderr: words, open: 20 });
    await expect((await workspace).restic(["snapshots"])).rejects.toThrow(
      "/b refuses what berth:backups.credentials holds: Stat: Access Denied.",
    );
  });

  test("is waited for where it tries again", async () => {
    const words = "Save(<data/1>) returned error, retrying after 2.41s: dial tcp: connection refused";
    const { workspace } = opened({ to: restic("snapshots"), stderr: words, stdout: "[]" });
    expect(await (await workspace).restic(["snapshots"])).toBe("[]");
    expect(console.error).toHaveBeenCalledWith("/b does not do what it should, and restic tries again: dial tcp: connection refused");
  });

  test("is given up where it stands still, with what it said last", async () => {
    const { workspace } = opened({ to: restic("check"), stdout: "load indexes", open: 20 });
    await expect((await workspace).tryRestic(["check"], { idle: 0.2 })).rejects.toThrow(
      `check in container ${WORKSPACE} made no progress for 0 s, and was given up: does /b answer, and does its disk? Its last words: load indexes`,
    );
  });

  test("that goes on is not given up, and another failure of the engine stays what it is", async () => {
    useEngine([
      { to: "exec w restic", stdout: "a", seconds: 0.4 },
      { to: "exec x", status: 409, message: "container x is not running" },
    ]);
    expect(await watchedExec("w", ["restic", "check"], { target: "/b", idle: 10 })).toMatchObject({ code: 0, stdout: "a\n" });
    await expect(watchedExec("x", ["restic", "check"], { target: "/b" })).rejects.toThrow(/container x is not running$/);
  });

  test("makes no progress where only the time goes on", () => {
    expect(signOf('{"message_type":"status","seconds_elapsed":3,"seconds_remaining":9,"percent_done":0.5}')).toBe(
      signOf('{"message_type":"status","seconds_elapsed":5,"percent_done":0.5}'),
    );
    expect(signOf('{"message_type":"status","seconds_elapsed":3,"bytes_done":1}')).not.toBe(
      signOf('{"message_type":"status","seconds_elapsed":3,"bytes_done":2}'),
    );
    expect(signOf("[0:02] 38.10%  24 / 63 packs")).toBe(signOf("[1:00:02] 38.10%  24 / 63 packs"));
    expect(signOf("[0:02] 38.10%  24 / 63 packs")).not.toBe(signOf("[0:02] 40.10%  25 / 63 packs"));
  });
});
