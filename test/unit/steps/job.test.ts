import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";
import { JOB, RELEASE } from "../../support/stepInputs.ts";

const input = { job: JOB, run: true, snapshot: null };
const CREATE = ["create", "--name", JOB.container, "--user", "1000:1000", "sha256:1111", "migrate", "--all"];
const INSPECT = ["inspect", "--type", "container", "--format", "{{.State.Status}} {{.State.ExitCode}}", JOB.container];
const found = (state: string): Answer => ({ to: INSPECT.join(" "), stdout: state });
const NONE: Answer = { to: INSPECT.join(" "), stderr: "Error: No such container", exit: 1 };
const [CREATED, STARTED, REMOVED]: Answer[] = [{ to: CREATE.join(" ") }, { to: `start ${JOB.container}` }, { to: `rm --force ${JOB.container}` }];
const printed = (stdout: string, stderr = ""): Answer => ({ to: `logs --follow ${JOB.container}`, stdout, stderr });
const ended = (code: string): Answer => ({ to: `wait ${JOB.container}`, stdout: code });
const answers = (...more: (Answer | undefined)[]) => fakeDocker(more.filter((answer) => answer !== undefined));
/** Without the two that run side by side. */
const steps = (docker: ReturnType<typeof fakeDocker>) => docker.calls().filter(([verb]) => !["logs", "wait"].includes(verb ?? ""));
const before = (...releases: string[]) => ({ env: { PULUMI_COMMAND_STDOUT: `migration: x\ndone for releases: ${releases.join(" ")}\n` } });
const sorted = (stdout: string) => stdout.trimEnd().replace(/after \d+\.\d s/, "after 0.1 s").split("\n");

describe("a job", () => {
  test.concurrent("runs to its end, shows what it prints, and tells which releases had it", async () => {
    const docker = answers(NONE, CREATED, STARTED, printed("one\ntwo"), ended("0"));
    const { code, stdout, stderr } = await runStep("job", input, docker, before("aaaaaaaaaaaa"));
    expect([code, stderr]).toEqual([0, ""]);
    expect(sorted(stdout)).toEqual(["migration: one", "migration: two", `migration of release ${RELEASE} done after 0.1 s`, `done for releases: aaaaaaaaaaaa ${RELEASE}`]);
    expect(steps(docker)).toEqual([INSPECT, CREATE, ["start", JOB.container]]); // it stays until its release is live
  });

  test.concurrent("shows what it complains of, too", async () => {
    const { stdout } = await runStep("job", input, answers(NONE, CREATED, STARTED, printed("", "deprecated"), ended("0")));
    expect(stdout).toContain("migration: deprecated\n");
  });

  test.concurrent("is not run again for a release that had it", async () => {
    const docker = answers();
    expect(await runStep("job", input, docker, before(RELEASE, "aaaaaaaaaaaa"))).toMatchObject({
      code: 0,
      stdout: `migration: not for release ${RELEASE}, which had it\ndone for releases: ${RELEASE} aaaaaaaaaaaa\n`,
    });
    expect(docker.calls()).toEqual([]);
  });

  test.concurrent("is not run for a release that is brought back, which then counts as one that had none", async () => {
    const docker = answers();
    expect(await runStep("job", { ...input, run: false }, docker, before("aaaaaaaaaaaa"))).toMatchObject({
      code: 0,
      stdout: `migration: not for release ${RELEASE}, which is brought back as it was\ndone for releases: aaaaaaaaaaaa\n`,
    });
    expect(docker.calls()).toEqual([]);
  });
});

describe("a job that an update began which was cut off", () => {
  test.concurrent("is waited for while it runs, not begun again", async () => {
    const docker = answers(found("running 0"), STARTED, printed("two"), ended("0"));
    const { code, stdout } = await runStep("job", input, docker);
    expect(code).toBe(0);
    expect(sorted(stdout)).toEqual(["migration: two", `migration of release ${RELEASE} done after 0.1 s`, `done for releases: ${RELEASE}`]);
    expect(steps(docker).map(([verb]) => verb)).toEqual(["inspect", "start"]);
  });

  test.concurrent("counts where it ended well meanwhile", async () => {
    const docker = answers(found("exited 0"));
    expect(await runStep("job", input, docker)).toMatchObject({ code: 0, stdout: `migration of release ${RELEASE} had come to its end\ndone for releases: ${RELEASE}\n` });
    expect(docker.calls()).toEqual([INSPECT]);
  });

  test.concurrent.each(["exited 3", "created 0", "dead 137"])("is begun again where it is %s", async (state) => {
    const docker = answers(found(state), REMOVED, CREATED, STARTED, printed(""), ended("0"));
    expect((await runStep("job", input, docker)).code).toBe(0);
    expect(steps(docker)).toEqual([INSPECT, ["rm", "--force", JOB.container], CREATE, ["start", JOB.container]]);
  });
});

describe("a job that fails", () => {
  test.concurrent("is told with its exit code and its last 30 lines, is removed, and no release had it", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    const docker = answers(NONE, CREATED, STARTED, printed(lines.join("\n")), ended("3"), REMOVED);
    const { code, stdout, stderr } = await runStep("job", input, docker, before("aaaaaaaaaaaa"));
    expect(code).toBe(1);
    expect(sorted(stderr)).toEqual([`the migration of release ${RELEASE} failed with exit code 3 after 0.1 s`, "  its last lines:", ...lines.slice(-30).map((line) => `    ${line}`)]);
    expect(stdout).not.toContain("done for releases");
    expect(steps(docker).at(-1)).toEqual(["rm", "--force", JOB.container]);
  });

  test.concurrent("by taking too long is stopped, told so, and removed", async () => {
    const docker = answers(NONE, CREATED, STARTED, printed("waiting for a lock"), { to: `wait ${JOB.container}`, seconds: 3 }, { to: `stop --time 5 ${JOB.container}` }, REMOVED);
    const { code, stderr } = await runStep("job", { ...input, job: { ...JOB, timeout: 0.5 } }, docker);
    expect(code).toBe(1);
    expect(stderr).toBe(`the migration of release ${RELEASE} was stopped: it took longer than 0.5 s\n  its last lines:\n    waiting for a lock\n`);
    expect(steps(docker).slice(-2).map(([verb]) => verb)).toEqual(["stop", "rm"]);
  });

  test.concurrent("because it cannot be made says so in the engine's words", async () => {
    const docker = answers(NONE, { to: "create", stderr: "Error: No such image: sha256:1111", exit: 1 });
    expect(await runStep("job", input, docker)).toMatchObject({ code: 1, stdout: "", stderr: "docker create --name failed: Error: No such image: sha256:1111\n" });
  });
});
