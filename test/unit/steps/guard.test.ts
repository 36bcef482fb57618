/** A program that ends before it has come to its end never looks like one that has. */
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { pack } from "tar-stream";
import type { StepInputs } from "../../../components/step.ts";
import { OWNER } from "../../support/configuration.ts";
import { type Answer, fakeEngine } from "../../support/fakeEngine.ts";
import { runNode, type StepResult } from "../../support/step.ts";
import {
  container,
  GATE,
  JOB,
  listed,
  LIVE,
  LIVE_LABELS,
  noContainer,
  OLD_LABELS,
  OLD_ROUTE,
  proxy,
  ROUTE,
} from "../../support/stepInputs.ts";

describe("a step whose engine never answers one of its questions does not succeed, whichever it is", () => {
  const MIGRATION = [{ ...noContainer(JOB.container), times: 1 }, container(JOB.container, { status: "exited" })];
  const NO_RECORD = [
    noContainer("berth-dev-snapshot-over"),
    { ...noContainer("berth-dev-snapshot"), times: 2 },
    container("berth-dev-snapshot", { status: "exited" }),
  ];
  const SNAPSHOT = {
    owner: OWNER,
    gateway: "gw",
    service: "app",
    drain: 1,
    health: { deadline: 1 },
    image: "base",
    alone: true,
    volumes: [{ volume: "data-1", copy: "copy-1" }],
  };
  const ANYTHING: Answer[] = [
    { to: `containers all label=berth.project=berth label=berth.stack=dev label=berth.release=${LIVE}`, ...listed(["web-old", "web"]) },
    OLD_ROUTE,
    OLD_LABELS,
    proxy(""),
    container("mail-1", { health: "healthy" }),
    container("", { labels: LIVE_LABELS }),
    { to: "exec" },
    { to: "images", json: [{ RepoTags: ["berth-dev:aaa"] }] },
    { to: "volumes", json: { Volumes: [{ Name: "copy-1", Labels: {} }] } },
    { to: "logs gw follow", open: 1 },
    ...["containers", "create", "start", "stop", "remove", "wait", "logs", "write", "update", "rename"].map((to) => ({ to })),
  ];
  const health = { ...GATE.health, deadline: 1 };
  let folder: Buffer;
  beforeAll(async () => {
    const archive = pack();
    archive.entry({ name: "folder/", type: "directory" });
    archive.finalize();
    folder = await buffer(archive);
  });

  /** Of each: its input or its variables, what the engine says first, its input by standard input, and its last words. */
  const STEPS: Record<
    string,
    {
      readonly input?: object;
      readonly env?: NodeJS.ProcessEnv;
      readonly answers?: readonly Answer[];
      readonly stdin?: string;
      readonly says?: string;
    }
  > = {
    gate: {
      input: {
        ...GATE,
        health,
        exclusive: true,
        candidates: ["web-1"],
        workers: ["mail-1"],
        migration: { job: JOB, run: true, snapshot: null },
      } satisfies StepInputs["gate"],
      answers: MIGRATION,
      says: "2 of 2 healthy",
    },
    job: {
      input: { job: JOB, run: true, snapshot: SNAPSHOT } satisfies StepInputs["job"],
      answers: [...NO_RECORD, { ...noContainer(JOB.container), times: 2 }, ...MIGRATION.slice(1)],
      says: "done for releases: ",
    },
    route: {
      input: {
        ...ROUTE,
        health,
        bake: { duration: 0.3, errors: 5, slowdown: 3, minRequests: 20 },
        jobs: true,
      } satisfies StepInputs["route"],
      says: "is live on 2 replicas",
    },
    prune: {
      input: { owner: OWNER, repository: "berth-dev", keep: [], replicas: [], live: "x" } satisfies StepInputs["prune"],
      says: "removed copy copy-1",
    },
    ready: {
      input: { accessory: "database", container: "db", id: "1", check: ["well"], deadline: 1 } satisfies StepInputs["ready"],
      says: "is ready",
    },
    seed: {
      input: {
        owner: OWNER,
        volume: "data-1",
        target: "/data",
        seed: { image: "/seed" },
        image: "sha256:1111",
        user: null,
      } satisfies StepInputs["seed"],
      answers: [noContainer("berth-dev-seed-data-1"), { to: "stat", json: { linkTarget: "" } }],
      says: "begins with",
    },
    record: { input: { gateway: "gw" } satisfies StepInputs["record"], stdin: "x" },
    secrets: {
      input: { owner: OWNER, process: "web", uid: 1 } satisfies StepInputs["secrets"],
      stdin: "{}",
      says: "berth-dev-secrets-web-",
    },
    limit: { env: { CONTAINERS: "web-1", PIDS: "1" } },
    dropJobs: { env: { PROJECT: "berth", STACK: "dev", JOB: "migration" } },
    dropVolume: { env: { PULUMI_COMMAND_STDOUT: "volume-1" } },
    dropImages: { env: { PROJECT: "berth", STACK: "dev", REPOSITORY: "berth-dev" } },
  };

  const run = (verb: string, at: number): Promise<StepResult> => {
    const { input, env = {}, answers = [], stdin } = STEPS[verb] ?? {};
    const engine = fakeEngine([...answers, { to: "read", bytes: folder }, ...ANYTHING]);
    return runNode(
      ["--import", pathToFileURL("test/support/hangingCall.ts").href, `steps/${verb}.ts`],
      { ...engine.env, ...(input && { BERTH_INPUT: JSON.stringify(input) }), ...env, HANG_AT: String(at) },
      stdin,
    );
  };

  test.each(Object.keys(STEPS))(
    "%s",
    async (verb) => {
      const { says = "" } = STEPS[verb] ?? {};
      const good = await run(verb, 0);
      expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining(says) as unknown });
      const calls = Number(/calls: (\d+)\n$/.exec(good.stderr)?.[1]);
      expect(calls).toBeGreaterThan(0);
      const waiting = Array.from({ length: calls }, (_, index) => index + 1);
      const wrong: object[] = [];
      const work = async () => {
        for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
          const result = await run(verb, at);
          // What only looks whether a container has crashed need not answer where another question does.
          if (result.code === 0 && (says === "" || !result.stdout.includes(says))) wrong.push({ at, ...result });
          if (result.code === 70 && !result.stderr.includes("this step ended before it had come to its end")) wrong.push({ at, ...result });
        }
      };
      await Promise.all([work(), work(), work()]);
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});
