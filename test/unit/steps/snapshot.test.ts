/** What copying the volumes asks of the engine, and what a killed update has left; that data come back is for the end-to-end tests. */
import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { OWNER } from "../../support/configuration.ts";
import { runNode, runStep } from "../../support/step.ts";

const JOB = { what: "migration", release: "bbbbbbbbbbbb", container: "migration-b", flags: ["--network", "net-1"], image: "sha256:1111", command: ["migrate"], timeout: 60 };
const SNAPSHOT = {
  owner: OWNER, gateway: "gw", service: "app", drain: 2, health: { deadline: 60 }, image: "base", alone: true,
  volumes: [{ volume: "data-1", copy: "berth-dev-copy-data-bbbbbbbbbbbb" }],
};
const RECORD = "inspect --type container --format {{index .Config.Labels \"berth.snapshot\"}} berth-dev-snapshot";
const LIVE_NOBODY: Answer[] = [
  { to: "exec gw kamal-proxy list", stdout: "Service  Host  Path  Target  State  TLS" },
  { to: "exec gw kamal-proxy pause", stderr: "Error: service not found", exit: 1 },
  { to: "ps" },
  { to: "volume" },
  { to: "rm" },
];
const ended = (code: number): Answer[] => [
  { to: "inspect --type container --format {{.State.Status}} {{.State.ExitCode}} migration-b", exit: 1, times: 1 },
  { to: "inspect --type container --format {{.State.Status}} {{.State.ExitCode}} migration-b", exit: 1 },
  { to: "create" },
  { to: "start" },
  { to: "logs" },
  { to: "wait", stdout: String(code) },
];
const migrate = (answers: readonly Answer[]) => {
  const docker = fakeDocker(answers);
  return runStep("job", { job: JOB, run: true, snapshot: SNAPSHOT }, docker).then((result) => ({ ...result, calls: docker.calls() }));
};
const runs = (calls: string[][]) => calls.filter(([verb]) => verb === "run").map((words) => [words[2], words.at(-1)]);

test("the volumes are copied before the migration, by a container that cannot reach anybody", async () => {
  const { code, calls } = await migrate([{ to: RECORD, exit: 1 }, ...LIVE_NOBODY, ...ended(0), { to: "run" }]);
  expect(code).toBe(0);
  expect(runs(calls)).toEqual([["berth-dev-snapshot", "cp -a --reflink=auto --sparse=always /data/0/. /copy/0/"]]);
  const copy = calls.find(([verb]) => verb === "run") ?? [];
  for (const words of [["--network", "none"], ["--cap-drop", "ALL"], ["--mount", "type=volume,source=data-1,target=/data/0"]]) expect(copy.join(" ")).toContain(words.join(" "));
  const order = calls.map(([verb]) => verb).filter((verb) => ["exec", "run", "start"].includes(verb ?? ""));
  expect(order).toEqual(["exec", "exec", "run", "start"]); // looks, holds requests, copies, migrates
  expect(calls.at(-1)).toEqual(["rm", "--force", "berth-dev-snapshot"]);
});

test("one that fails is followed by the data of before, and the error names their copy", async () => {
  const { code, stderr, calls } = await migrate([{ to: RECORD, exit: 1 }, ...LIVE_NOBODY, ...ended(3), { to: "run" }]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^the migration of release bbbbbbbbbbbb failed with exit code 3 after/);
  expect(stderr).toContain("The data are as they were before it. Their copy stays until the next release is live: berth-dev-copy-data-bbbbbbbbbbbb (of data-1)");
  expect(runs(calls)[1]).toEqual(["berth-dev-restore", "find /data/0 -mindepth 1 -delete && cp -a --reflink=auto --sparse=always /copy/0/. /data/0/"]);
});

test("without room for a copy nothing is migrated, and the engine's words say why", async () => {
  const { code, stderr, calls } = await migrate([{ to: RECORD, exit: 1 }, ...LIVE_NOBODY, ...ended(0), { to: "run", stderr: "cp: error writing '/copy/0/x': No space left on device", exit: 1 }]);
  expect([code, stderr]).toEqual([1, "the volumes could not be copied, and nothing was migrated: cp: error writing '/copy/0/x': No space left on device\n"]);
  expect(calls.filter(([verb]) => verb === "start")).toEqual([]);
});

test("data that cannot be put back are told of with the cause first, and the record stays for the next update", async () => {
  const { stderr, calls } = await migrate([{ to: RECORD, exit: 1 }, ...LIVE_NOBODY, ...ended(3), { to: "run --name berth-dev-snapshot" }, { to: "run", stderr: "no space", exit: 1 }]);
  expect(stderr).toMatch(/^the migration of release bbbbbbbbbbbb failed/);
  expect(stderr).toContain("The data could not be put back, run the update again. Their copy is berth-dev-copy-data-bbbbbbbbbbbb (of data-1)");
  expect(calls.filter((words) => words.join(" ") === "rm --force berth-dev-snapshot")).toHaveLength(1); // before it was made
});

describe("what a killed update has left", () => {
  const settle = async (answers: readonly Answer[]) => {
    const docker = fakeDocker([{ to: RECORD, stdout: JSON.stringify({ input: SNAPSHOT, job: JOB }) }, ...answers, ...LIVE_NOBODY]);
    const program = `import("./steps/snapshot.ts").then(({ settle }) => settle(${JSON.stringify(OWNER)})).then((done) => console.log(done))`;
    const result = await runNode(["--input-type=module", "--eval", program], docker.env);
    return { ...result, calls: docker.calls() };
  };
  const state = (container: string, stdout: string): Answer => ({ to: `inspect --type container --format {{.State.Status}} {{.State.ExitCode}} ${container}`, stdout });

  test("is put back where the migration did not succeed", async () => {
    const { stdout, calls } = await settle([state("berth-dev-snapshot", "exited 0"), state("migration-b", "exited 1"), { to: "run" }]);
    expect(stdout).toContain("The migration of release bbbbbbbbbbbb was cut off with its update.\nThe data are as they were before it.");
    expect(runs(calls).map(([name]) => name)).toEqual(["berth-dev-restore"]);
    expect(calls.map((words) => words.join(" "))).toContain("rm --force migration-b");
  });

  test("stays where the migration has succeeded", async () => {
    const { stdout, calls } = await settle([state("berth-dev-snapshot", "exited 0"), state("migration-b", "exited 0")]);
    expect(stdout).toMatch(/true\n$/);
    expect(runs(calls)).toEqual([]);
  });

  test("is left alone where the copy was not complete: nothing was migrated yet", async () => {
    const { calls } = await settle([state("berth-dev-snapshot", "exited 1"), state("migration-b", "exited 1")]);
    expect(runs(calls)).toEqual([]);
  });
});
