/** What copying the volumes asks of the engine, and what a killed update has left; that data come back is for the end-to-end tests. */
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { OWNER } from "../../support/configuration.ts";
import { runNode, runStep } from "../../support/step.ts";
import { container, GATE, LIVE, listed, noContainer, OLD_LABELS, OLD_ROUTE, OWNED, proxy } from "../../support/stepInputs.ts";

const BEGUN = { what: "migration", release: "bbbbbbbbbbbb", container: "migration-b", timeout: 60 };
const JOB = { ...BEGUN, spec: { Image: "sha256:1111", Labels: {}, Cmd: ["migrate"], HostConfig: { NetworkMode: "net-1" } } };
const COPY = "berth-dev-copy-data-bbbbbbbbbbbb";
const SNAPSHOT = {
  owner: OWNER,
  gateway: "gw",
  service: "app",
  drain: 2,
  health: { deadline: 60 },
  image: "base",
  alone: true,
  volumes: [{ volume: "data-1", copy: COPY }],
};
const [RECORD, OVER, RESTORE] = ["berth-dev-snapshot", "berth-dev-snapshot-over", "berth-dev-restore"];
const COPYING = "cp -a --reflink=auto --sparse=always /data/0/. /copy/0/";
const RESTORING = "find /data/0 -mindepth 1 -delete && cp -a --reflink=auto --sparse=always /copy/0/. /data/0/";

const LIVE_NOBODY: Answer[] = [
  proxy("list", { stdout: "Service  Host  Path  Target  State  TLS" }),
  proxy("pause", { stderr: "Error: service not found", exit: 1 }),
  proxy("resume", { stderr: "Error: service not found", exit: 1 }),
  { to: "containers" },
];
const LIVE_OLD: Answer[] = [
  OLD_ROUTE,
  OLD_LABELS,
  proxy("pause"),
  proxy("resume"),
  proxy(`deploy gate-${LIVE}`),
  proxy("remove gate-"),
  { to: "start web-old" },
  { to: "stop web-old" },
  { to: `containers all ${OWNED} label=berth.release=${LIVE}`, ...listed(["web-old", "web"]) },
  { to: "containers all status=running", ...listed(["web-old", "web"]) },
];
const ANYTHING: Answer[] = [{ to: "create" }, { to: "remove" }, { to: "rename" }, { to: `start ${RECORD}` }, { to: `start ${RESTORE}` }];
/** There is no record until the copying has made one. */
const noRecord = (looks = 2): Answer[] => [
  noContainer(OVER),
  { ...noContainer(RECORD), times: looks },
  container(RECORD, { status: "exited" }),
  noContainer(RESTORE),
];
const NO_RECORD = noRecord();
/** How the copying, the copying back and the job end. */
const COPIED: Answer[] = [{ to: `wait ${RECORD}` }, { to: `wait ${RESTORE}` }];
const ended = (exit: number): Answer[] => [
  { ...noContainer("migration-b"), times: 2 },
  ...(exit === 0
    ? [container("migration-b", { status: "exited" })]
    : [{ ...container("migration-b", { status: "exited", exit }), times: 1 }, noContainer("migration-b")]),
  { to: "start migration-b" },
  { to: "logs migration-b" },
  { to: "wait migration-b", exit },
];
const migrate = async (answers: readonly Answer[]) => {
  const engine = fakeEngine(answers);
  return { ...(await runStep("job", { job: JOB, run: true, snapshot: SNAPSHOT }, engine)), engine };
};
/** What was copied, by the names and the scripts of the containers that did it. */
const copying = (engine: FakeEngine) =>
  [RECORD, RESTORE].flatMap((name) => (engine.sent(`create ${name}`) as { Cmd: string[] }[]).map(({ Cmd }) => [name, Cmd[0]]));
const changes = (engine: FakeEngine) =>
  engine
    .calls()
    .filter((call) => /^(create|remove|start|stop|rename) |kamal-proxy (pause|resume)/.test(call))
    .map((call) => call.replace(/^exec gw kamal-proxy (\w+).*/, "$1"));

test("the volumes are copied before the migration, by a container that cannot reach anybody", async () => {
  const { code, engine } = await migrate([...NO_RECORD, ...LIVE_NOBODY, ...COPIED, ...ended(0), ...ANYTHING]);
  expect(code).toBe(0);
  expect(copying(engine)).toEqual([[RECORD, COPYING]]);
  expect(engine.sent(`create ${RECORD}`)).toEqual([
    {
      Image: "base",
      Labels: {
        "berth.project": "berth",
        "berth.stack": "dev",
        "berth.part": "snapshot",
        "berth.snapshot": JSON.stringify({ input: SNAPSHOT, job: BEGUN }),
      },
      User: "0",
      Entrypoint: ["sh", "-ec"],
      Cmd: [COPYING],
      HostConfig: {
        NetworkMode: "none",
        ReadonlyRootfs: true,
        SecurityOpt: ["no-new-privileges:true"],
        CapDrop: ["ALL"],
        CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"],
        Mounts: [
          { Type: "volume", Source: "data-1", Target: "/data/0" },
          { Type: "volume", Source: COPY, Target: "/copy/0" },
        ],
      },
    },
  ]);
  expect(engine.sent(`create volume`)).toEqual([
    {
      Name: COPY,
      Labels: {
        "berth.project": "berth",
        "berth.stack": "dev",
        "berth.part": "snapshot",
        "berth.release": "bbbbbbbbbbbb",
        "berth.copyOf": "data-1",
      },
    },
  ]);
  expect(changes(engine)).toEqual([
    "pause",
    `remove ${RESTORE}`,
    `remove volume ${COPY}`,
    `create volume ${COPY}`,
    `create ${RECORD}`,
    `start ${RECORD}`, // holds requests, copies
    "create migration-b",
    "start migration-b",
    `remove ${OVER}`,
    `rename ${RECORD} ${OVER}`,
    "resume",
    `remove ${OVER}`, // before anybody writes again, the copy is none to be put back
  ]);
});

test("one that fails is followed by the data of before, and the error names their copy", async () => {
  const { code, stderr, engine } = await migrate([...NO_RECORD, ...LIVE_NOBODY, ...COPIED, ...ended(3), ...ANYTHING]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^the migration of release bbbbbbbbbbbb failed with exit code 3 after/);
  expect(stderr).toContain(`The data are as they were before it. Their copy stays until the next release is live: ${COPY} (of data-1)`);
  expect(copying(engine)[1]).toEqual([RESTORE, RESTORING]);
  expect(engine.sent(`create ${RESTORE}`)).toMatchObject([
    { HostConfig: { Mounts: [{ Source: "data-1" }, { Source: COPY, ReadOnly: true }] } },
  ]);
});

test("one that fails gives way to what was live, which is stopped meanwhile", async () => {
  const { code, engine } = await migrate([...NO_RECORD, ...LIVE_OLD, ...COPIED, ...ended(3), ...ANYTHING]);
  expect(code).toBe(1);
  expect(changes(engine).filter((call) => !call.includes("volume") && !call.startsWith("create"))).toEqual([
    "pause",
    "stop web-old t=2",
    `remove ${RESTORE}`,
    `start ${RECORD}`,
    "start migration-b",
    "remove migration-b",
    "remove migration-b",
    `start ${RESTORE}`,
    `remove ${RESTORE}`,
    `remove ${OVER}`,
    `rename ${RECORD} ${OVER}`,
    "start web-old",
    "resume",
    `remove ${OVER}`,
  ]);
});

test("without room for a copy nothing is migrated, and the engine's words say why", async () => {
  const { code, stderr, engine } = await migrate([
    ...NO_RECORD,
    ...LIVE_NOBODY,
    { to: `wait ${RECORD}`, exit: 1 },
    { to: `logs ${RECORD}`, stderr: "cp: error writing '/copy/0/x': No space left on device" },
    ...ended(0),
    ...ANYTHING,
  ]);
  expect([code, stderr]).toEqual([
    1,
    "the volumes could not be copied, and nothing was migrated: cp: error writing '/copy/0/x': No space left on device\n",
  ]);
  expect(changes(engine)).not.toContain("create migration-b");
});

test("a copy of an earlier try that cannot be removed is not written over", async () => {
  const { code, stderr, engine } = await migrate([
    ...NO_RECORD,
    ...LIVE_NOBODY,
    { to: "remove volume", status: 409, message: "volume is in use" },
    ...COPIED,
    ...ended(0),
    ...ANYTHING,
  ]);
  expect([code, stderr]).toEqual([1, `the Docker engine at ${engine.host} refused to remove volume ${COPY}: volume is in use\n`]);
  expect(copying(engine)).toEqual([]);
});

test("data that cannot be put back are told of with the cause first, and the record stays for the next update", async () => {
  const { stderr, engine } = await migrate([
    ...NO_RECORD,
    ...LIVE_OLD,
    { to: `wait ${RECORD}` },
    { to: `wait ${RESTORE}`, exit: 1 },
    { to: `logs ${RESTORE}`, stderr: "no space" },
    ...ended(3),
    ...ANYTHING,
  ]);
  expect(stderr).toMatch(/^the migration of release bbbbbbbbbbbb failed/);
  expect(stderr).toContain(
    `The data could not be put back, run the update again. Their copy is ${COPY} (of data-1): the volumes could not be copied back: no space\n`,
  );
  // What was live would write to them
  expect(changes(engine).filter((call) => call.startsWith("rename") || call === "start web-old")).toEqual([]);
});

test("a migration whose end nobody knows is not followed by anything: it may go on", async () => {
  const { stderr, engine } = await migrate([
    ...NO_RECORD,
    ...LIVE_OLD,
    { to: `wait ${RECORD}` },
    ...ended(3).slice(0, 2),
    { to: "start migration-b" },
    { to: "logs migration-b" },
    { to: "wait migration-b", status: 500, message: "cannot wait" },
    { to: "remove migration-b", status: 500, message: "cannot kill it" },
    ...ANYTHING,
  ]);
  expect(stderr).toMatch(
    /^the Docker engine at \S+ refused the end of container migration-b: cannot wait\n {2}The data could not be put back, run the update again\. Their copy is .*: cannot kill it\n$/,
  );
  expect(copying(engine)).toEqual([[RECORD, COPYING]]);
  expect(changes(engine)).not.toContain("start web-old");
});

test("with one writer, what was live does not come back to data that could not be put back", async () => {
  const engine = fakeEngine([
    ...noRecord(3),
    ...LIVE_OLD,
    { to: `wait ${RECORD}` },
    { to: `wait ${RESTORE}`, exit: 1 },
    { to: `logs ${RESTORE}`, stderr: "no space" },
    ...ended(3),
    ...ANYTHING,
  ]);
  const migration = { job: JOB, run: true, snapshot: { ...SNAPSHOT, alone: false } };
  const { code, stderr } = await runStep("gate", { ...GATE, exclusive: true, candidates: ["web-1"], migration }, engine);
  expect([code, stderr]).toEqual([1, expect.stringContaining("The data could not be put back, run the update again.")]);
  expect(changes(engine)).not.toContain("start web-old");
});

test("with one writer, what a killed update has left is settled before requests are held", async () => {
  const labels = { "berth.snapshot": JSON.stringify({ input: SNAPSHOT, job: BEGUN }) };
  const engine = fakeEngine([
    noContainer(OVER),
    { ...container(RECORD, { status: "exited", labels }), times: 3 },
    ...noRecord(),
    container("gw"),
    container("migration-b", { status: "exited" }),
    ...LIVE_OLD,
    ...ANYTHING,
  ]);
  await runStep(
    "gate",
    { ...GATE, exclusive: true, candidates: ["web-1"], migration: { job: JOB, run: true, snapshot: { ...SNAPSHOT, alone: false } } },
    engine,
  );
  expect(changes(engine).slice(0, 6)).toEqual([
    `remove ${OVER}`,
    `rename ${RECORD} ${OVER}`,
    "start web-old",
    "resume",
    `remove ${OVER}`,
    "pause",
  ]);
});

describe("what a killed update has left", () => {
  const settle = async (answers: readonly Answer[]) => {
    const engine = fakeEngine([...answers, ...LIVE_NOBODY, ...ANYTHING, container("gw")]);
    const program = `import("./steps/snapshot.ts").then(({ settle }) => settle(${JSON.stringify(OWNER)})).then((done) => console.log(done))`;
    return { ...(await runNode(["--input-type=module", "--eval", program], engine.env)), engine };
  };
  const record = (exit = 0, job: object = BEGUN, more: object = {}) => [
    noContainer(OVER),
    container(RECORD, { status: "exited", exit, labels: { "berth.snapshot": JSON.stringify({ input: { ...SNAPSHOT, ...more }, job }) } }),
  ];
  const state = (status: string, exit = 0, times?: number): Answer => ({
    ...container("migration-b", { status, exit }),
    ...(times && { times }),
  });
  const GONE = noContainer("migration-b");
  const RESTORED = [noContainer(RESTORE), { to: `wait ${RESTORE}` }];

  test("is nothing in most cases", async () => {
    const { stdout, engine } = await settle([noContainer(RECORD), noContainer(OVER)]);
    expect([stdout, changes(engine)]).toEqual(["false\n", []]);
  });

  test("is put back where the migration did not succeed", async () => {
    const { stdout, engine } = await settle([...record(), state("exited", 1, 1), GONE, ...RESTORED]);
    expect(stdout).toContain("The migration of release bbbbbbbbbbbb was cut off with its update.\nThe data are as they were before it.");
    expect(copying(engine)).toEqual([[RESTORE, RESTORING]]);
    expect(changes(engine)).toEqual([
      "remove migration-b",
      `create ${RESTORE}`,
      `start ${RESTORE}`,
      `remove ${RESTORE}`,
      `remove ${OVER}`,
      `rename ${RECORD} ${OVER}`,
      "resume",
      `remove ${OVER}`,
    ]);
  });

  test("is put back also where an earlier Berth wrote it down, whose job is never begun again", async () => {
    const job = { ...BEGUN, flags: ["--network", "net-1"], image: "sha256:1111", command: ["migrate"] };
    const { stdout, engine } = await settle([
      ...record(0, job),
      { to: "logs migration-b" },
      { to: "wait migration-b", exit: 4 },
      state("running", 0, 1),
      state("exited", 4, 1),
      GONE,
      ...RESTORED,
    ]);
    expect(stdout).toMatch(
      /the migration of release bbbbbbbbbbbb failed with exit code 4 after .* s\n {2}it printed nothing\nThe data are as they were before it\./,
    );
    expect(changes(engine).filter((call) => call.includes("migration-b"))).toEqual(["remove migration-b", "remove migration-b"]);
  });

  test("stays where the migration has succeeded", async () => {
    const { stdout, engine } = await settle([...record(), state("exited")]);
    expect(stdout).toMatch(/true\n$/);
    expect(copying(engine)).toEqual([]);
  });

  test("is left alone where the copy was not complete: nothing was migrated yet", async () => {
    const { engine } = await settle([...record(1), state("exited", 1)]);
    expect(copying(engine)).toEqual([]);
  });

  test("is never put back once what was live may have written again, and what was live serves", async () => {
    const over = container(OVER, { status: "exited", labels: { "berth.snapshot": JSON.stringify({ input: SNAPSHOT, job: BEGUN }) } });
    const { stdout, engine } = await settle([{ ...over, times: 1 }, noContainer(RECORD), ...LIVE_OLD, state("exited", 1)]);
    expect(stdout).toMatch(/true\n$/);
    expect(copying(engine)).toEqual([]);
    expect(changes(engine)).toEqual(["start web-old", "resume", `remove ${OVER}`]);
  });

  test("is settled also where the gateway is gone, which has nobody to let through", async () => {
    const { stdout, engine } = await settle([...record(), state("exited", 1, 1), GONE, ...RESTORED, noContainer("gw")]);
    expect(stdout).toMatch(/The data are as they were before it\.[^]*true\n$/);
    expect(changes(engine)).not.toContain("resume");
  });

  test.each<[string, Answer[]]>([
    ["how the record is", [{ to: `inspect ${RECORD}`, status: 500, message: "timed out" }, noContainer(OVER)]],
    ["how the migration is", [...record(), { to: "inspect migration-b", status: 500, message: "timed out" }]],
    ["what is live", [...record(), state("exited"), { to: "inspect gw", status: 500, message: "timed out" }]],
  ])("is not touched where the engine does not tell %s", async (_, answers) => {
    const { code, stderr, engine } = await settle(answers);
    expect(code).toBe(1);
    expect(stderr).toContain("timed out");
    expect(changes(engine)).toEqual([]);
  });

  test("is not put back beside a migration that cannot be ended", async () => {
    const { code, engine } = await settle([
      ...record(),
      state("exited", 1),
      { to: "remove migration-b", status: 500, message: "cannot kill it" },
      ...RESTORED,
    ]);
    expect([code, copying(engine)]).toEqual([1, []]);
  });
});
