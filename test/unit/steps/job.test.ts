import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { runStep } from "../../support/step.ts";
import { container, JOB, noContainer, RELEASE } from "../../support/stepInputs.ts";

const input = { job: JOB, run: true, snapshot: null };
const { container: NAME } = JOB;
const found = (status: string, exit = 0): Answer => container(NAME, { status, exit });
const NONE = noContainer(NAME);
const INSPECT = `inspect ${NAME}`;
const [CREATED, STARTED, REMOVED]: [Answer, Answer, Answer] = [{ to: `create ${NAME}` }, { to: `start ${NAME}` }, { to: `remove ${NAME}` }];
const printed = (stdout: string, stderr = ""): Answer => ({ to: `logs ${NAME} follow`, stdout, stderr });
/** Once it runs, until it ends with this code. */
const ended = (exit: number): Answer[] => [{ to: `wait ${NAME}`, exit }, found("exited", exit)];
const absent: Answer = { ...NONE, times: 1 };
/** Without those that run side by side. */
const steps = (engine: FakeEngine) => engine.calls().filter((call) => !/^(logs|wait) /.test(call) && call !== INSPECT);
const before = (...releases: string[]) => ({ env: { PULUMI_COMMAND_STDOUT: `migration: x\ndone for releases: ${releases.join(" ")}\n` } });
const timeless = (text: string) =>
  text
    .trimEnd()
    .replace(/after \d+\.\d s/, "after 0.1 s")
    .split("\n");

describe("a job", () => {
  test.concurrent("runs to its end, shows what it prints, and tells which releases had it", async () => {
    const engine = fakeEngine([absent, CREATED, STARTED, printed("one\ntwo"), ...ended(0)]);
    const { code, stdout, stderr } = await runStep("job", input, engine, before("aaaaaaaaaaaa"));
    expect([code, stderr]).toEqual([0, ""]);
    expect(timeless(stdout)).toEqual([
      "migration: one",
      "migration: two",
      `migration of release ${RELEASE} done after 0.1 s`,
      `done for releases: aaaaaaaaaaaa ${RELEASE}`,
    ]);
    expect(steps(engine)).toEqual([`create ${NAME}`, `start ${NAME}`]); // it stays until its release is live
    expect(engine.sent("create")).toEqual([JOB.spec]);
  });

  test.concurrent("shows what it complains of, too", async () => {
    const { stdout } = await runStep("job", input, fakeEngine([absent, CREATED, STARTED, printed("", "deprecated"), ...ended(0)]));
    expect(stdout).toContain("migration: deprecated\n");
  });

  test.concurrent("is not run again for a release that had it", async () => {
    const engine = fakeEngine([]);
    expect(await runStep("job", input, engine, before(RELEASE, "aaaaaaaaaaaa"))).toMatchObject({
      code: 0,
      stdout: `migration: not for release ${RELEASE}, which had it\ndone for releases: ${RELEASE} aaaaaaaaaaaa\n`,
    });
    expect(engine.calls()).toEqual([]);
  });

  test.concurrent("is not run for a release that is brought back, which then counts as one that had none", async () => {
    const engine = fakeEngine([]);
    expect(await runStep("job", { ...input, run: false }, engine, before("aaaaaaaaaaaa"))).toMatchObject({
      code: 0,
      stdout: `migration: not for release ${RELEASE}, which is brought back as it was\ndone for releases: aaaaaaaaaaaa\n`,
    });
    expect(engine.calls()).toEqual([]);
  });

  test.concurrent(
    "that prints more than a variable of the environment can have leaves a short output that ends in what it is remembered by",
    async () => {
      const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}`);
      const engine = fakeEngine([absent, CREATED, STARTED, printed(lines.join("\n")), { to: `wait ${NAME}`, seconds: 1 }, found("exited")]);
      const { code, stdout } = await runStep("job", input, engine);
      expect(code).toBe(0);
      expect(stdout.length).toBeLessThan(40 * 1024);
      expect(stdout).toMatch(
        /^migration: line 1\nmigration: line 2\n[^]*\n\[\d+ lines of this step's output are left out here\]\n[^]*\nmigration: line 20000\nmigration of release \S+ done after \d\.\d s\ndone for releases: 3f9a1c2b7d4e\n$/,
      );
    },
  );
});

describe("the log of a job", () => {
  test.concurrent("that the engine ends is opened again, and no line comes twice", async () => {
    const engine = fakeEngine([
      absent,
      CREATED,
      STARTED,
      { ...printed("one"), times: 1 },
      { ...found("running"), times: 1 },
      { to: `logs ${NAME} follow since=`, stdout: "two", open: 0.5 },
      { to: `wait ${NAME}`, seconds: 0.8 },
      found("exited"),
    ]);
    const { code, stdout } = await runStep("job", input, engine);
    expect([code, timeless(stdout).slice(0, 2)]).toEqual([0, ["migration: one", "migration: two"]]);
  });

  test.concurrent("that the engine does not give says so, and the job counts", async () => {
    const engine = fakeEngine([
      absent,
      CREATED,
      STARTED,
      { to: `logs ${NAME}`, status: 501, message: "configured logging driver does not support reading" },
      ...ended(0),
    ]);
    const { code, stdout } = await runStep("job", input, engine);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^migration: what it prints is not known from here on: .* configured logging driver does not support reading\n/);
  });
});

describe("a job that an update began which was cut off", () => {
  test.concurrent("is waited for while it runs, not begun again", async () => {
    const engine = fakeEngine([{ ...found("running"), times: 1 }, printed("two"), ...ended(0)]);
    const { code, stdout } = await runStep("job", input, engine);
    expect(code).toBe(0);
    expect(timeless(stdout)).toEqual([
      "migration: two",
      `migration of release ${RELEASE} done after 0.1 s`,
      `done for releases: ${RELEASE}`,
    ]);
    expect(steps(engine)).toEqual([]); // started once more, one that has ended just now would do all again
  });

  test.concurrent("counts where it ended well meanwhile", async () => {
    const engine = fakeEngine([found("exited")]);
    expect(await runStep("job", input, engine)).toMatchObject({
      code: 0,
      stdout: `migration of release ${RELEASE} had come to its end\ndone for releases: ${RELEASE}\n`,
    });
    expect(engine.calls()).toEqual([INSPECT]);
  });

  test.concurrent.each([
    ["exited", 3],
    ["created", 0],
    ["dead", 137],
  ])("is begun again where it is %s %d", async (status, exit) => {
    const engine = fakeEngine([{ ...found(status, exit), times: 1 }, REMOVED, CREATED, STARTED, printed(""), ...ended(0)]);
    expect((await runStep("job", input, engine)).code).toBe(0);
    expect(steps(engine)).toEqual([`remove ${NAME}`, `create ${NAME}`, `start ${NAME}`]);
  });

  test.concurrent("is left alone where the engine does not tell how it is", async () => {
    const engine = fakeEngine([{ to: INSPECT, status: 500, message: "timed out" }]);
    expect(await runStep("job", input, engine)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `the Docker engine at ${engine.host} refused container ${NAME}: timed out\n`,
    });
    expect(engine.calls()).toEqual([INSPECT]);
  });
});

describe("a job that fails", () => {
  test.concurrent("is told with its exit code and its last 30 lines, is removed, and no release had it", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    const engine = fakeEngine([absent, CREATED, STARTED, printed(lines.join("\n")), ...ended(3), REMOVED]);
    const { code, stdout, stderr } = await runStep("job", input, engine, before("aaaaaaaaaaaa"));
    expect(code).toBe(1);
    expect(timeless(stderr)).toEqual([
      `the migration of release ${RELEASE} failed with exit code 3 after 0.1 s`,
      "  its last lines:",
      ...lines.slice(-30).map((line) => `    ${line}`),
    ]);
    expect(stdout).not.toContain("done for releases");
    expect(steps(engine).at(-1)).toBe(`remove ${NAME}`);
  });

  const LATE: Answer[] = [absent, CREATED, STARTED, { ...printed("waiting for a lock"), open: 3 }, { to: `wait ${NAME}`, seconds: 5 }];
  const late = { ...input, job: { ...JOB, timeout: 0.5 } };

  test.concurrent("by taking too long is stopped, told so, and removed", async () => {
    const engine = fakeEngine([...LATE, { to: `stop ${NAME} t=5` }, found("exited", 137), REMOVED]);
    const { code, stderr } = await runStep("job", late, engine);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `the migration of release ${RELEASE} was stopped: it took longer than 0.5 s\n  its last lines:\n    waiting for a lock\n`,
    );
    expect(steps(engine).slice(-2)).toEqual([`stop ${NAME} t=5`, `remove ${NAME}`]);
  });

  test.concurrent("by taking too long and cannot be stopped is told as one that may go on", async () => {
    const engine = fakeEngine([...LATE, { to: `stop ${NAME}`, status: 500, message: "cannot kill it" }, found("running")]);
    const { code, stderr } = await runStep("job", late, engine);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^the migration of release 3f9a1c2b7d4e was stopped: it took longer than 0\.5 s\n[^]* {2}It could not be stopped, and may go on: .*: cannot kill it\n$/,
    );
    expect(steps(engine)).not.toContain(`remove ${NAME}`);
  });

  test.concurrent("because it cannot be made says so in the engine's words", async () => {
    const engine = fakeEngine([NONE, { to: "create", status: 404, message: "No such image: sha256:1111" }]);
    expect(await runStep("job", input, engine)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `the Docker engine at ${engine.host} refused a new container ${NAME}: No such image: sha256:1111\n`,
    });
  });

  test.concurrent("is asked for again where the connection to the engine breaks, and its end is known", async () => {
    const engine = fakeEngine([
      absent,
      CREATED,
      STARTED,
      printed("one"),
      { to: `wait ${NAME}`, breaks: true, times: 1 },
      ...ended(3),
      REMOVED,
    ]);
    expect((await runStep("job", input, engine)).stderr).toContain("failed with exit code 3");
  });
});
