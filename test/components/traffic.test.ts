import * as pulumi from "@pulumi/pulumi";
import { HealthGate, type HealthGateArgs } from "../../components/healthGate.ts";
import { Job, type JobArgs, jobSpec } from "../../components/job.ts";
import { replicaArgs } from "../../components/replicas.ts";
import { Route, type RouteArgs } from "../../components/route.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";
import { declare } from "../support/program.ts";
import { JOB } from "../support/stepInputs.ts";
import { Secret, stepInput, UNKNOWN } from "../support/values.ts";

const HEALTH = { path: "/up", interval: 1, timeout: 5, deadline: 60 };
const targets = () => [pulumi.output("web-1"), pulumi.output("web-2")];

describe("the gate", () => {
  const declareGate = async (args: Partial<HealthGateArgs> = {}) =>
    (
      await declare(
        () =>
          void new HealthGate("app-gate", {
            owner: OWNER,
            release: releaseOf(),
            gateway: "gw",
            candidates: targets(),
            workers: [],
            ...args,
          }),
      )
    ).get("app-gate-probe");

  test("probes all candidates at the app's port with the release's own health settings", async () => {
    const { type, parent, inputs } = await declareGate();
    expect([type, parent]).toEqual(["command:local:Command", "app-gate"]);
    const { environment, ...rest } = inputs;
    expect(rest).toEqual({ create: "node steps/gate.ts", logging: "stdout" });
    expect(stepInput(inputs)).toEqual({
      owner: OWNER,
      gateway: "gw",
      service: "app",
      release: "3f9a1c2b7d4e",
      candidates: ["web-1", "web-2"],
      workers: [],
      port: 8080,
      health: HEALTH,
      drain: 30,
      exclusive: false,
      migration: null,
    });
  });

  test.each<[string, Partial<HealthGateArgs>, object]>([
    ["the workers", { workers: [pulumi.output("mail-1")] }, { workers: ["mail-1"] }],
    [
      "an app that allows one writer",
      { release: releaseOf({ settings: carried({ strategy: "recreate", drain: 1.5 }) }) },
      { exclusive: true, drain: 1.5 },
    ],
    [
      "the migration between",
      { migration: pulumi.output({ job: JOB, run: false, snapshot: null }) },
      { migration: { job: JOB, run: false } },
    ],
  ])("tells the step of %s", async (_, args, expected) => {
    expect(stepInput((await declareGate(args)).inputs)).toMatchObject(expected);
  });

  test("is not asked again while nothing changes, in whatever order the ledger gives the settings back", async () => {
    const inputsFor = async (health: typeof HEALTH) =>
      (await declareGate({ release: releaseOf({ settings: carried({ health }) }) })).inputs;
    expect(await inputsFor({ deadline: 60, timeout: 5, interval: 1, path: "/up" })).toEqual(await inputsFor(HEALTH));
  });
});

describe("a job", () => {
  const release = releaseOf({
    secrets: ["pin"],
    settings: carried({ resources: { cpus: 1, memory: 64 * 1024 ** 2, pids: 32 }, strategy: "recreate" }),
  });
  const replica = replicaArgs(
    {
      owner: OWNER,
      release,
      imageId: "sha256:1111",
      network: "net-1",
      volumes: { data: "data-1" },
      secrets: { volume: "secrets-1", hashes: '{"pin":"0badcafe0bad"}' },
    },
    0,
  );
  const args: JobArgs = {
    owner: OWNER,
    what: "migration",
    release,
    settings: { command: ["migrate", "--all"], timeout: 90 },
    replica,
    run: true,
  };

  test("is a step that removes what it left when it goes, and whose output is a secret", async () => {
    const { type, parent, inputs } = (await declare(() => void new Job("app-migration", args))).get("app-migration-run");
    expect([type, parent]).toEqual(["command:local:Command", "app-migration"]);
    const { environment, ...rest } = inputs;
    expect(rest).toEqual({
      create: "node steps/job.ts",
      delete: "node steps/dropJobs.ts",
      logging: "stdout",
    });
    expect(environment).toMatchObject({ PROJECT: "berth", STACK: "dev", JOB: "migration" });
    expect(JSON.stringify(inputs)).not.toContain("hunter2");
  });

  test("is a container of the release: its image, environment, mounts, network, user and limits, with labels and a name of its own", async () => {
    const { inputs } = (await declare(() => void new Job("app-migration", args))).get("app-migration-run");
    expect(stepInput(inputs)).toEqual({
      run: true,
      snapshot: null,
      job: {
        what: "migration",
        release: "3f9a1c2b7d4e",
        container: "berth-dev-migration-3f9a1c2b7d4e",
        timeout: 90,
        spec: {
          Image: "sha256:1111",
          User: "1000:1000",
          Env: ["BERTH_RELEASE=3f9a1c2b7d4e", "BERTH_REPLICA=0", "PORT=8080"],
          Cmd: ["migrate", "--all"],
          Labels: {
            "berth.project": "berth",
            "berth.stack": "dev",
            "berth.part": "job",
            "berth.release": "3f9a1c2b7d4e",
            "berth.job": "migration",
          },
          HostConfig: {
            NetworkMode: "net-1",
            Mounts: [
              { Type: "volume", Source: "data-1", Target: "/data" },
              { Type: "volume", Source: "secrets-1", Target: "/run/secrets", ReadOnly: true },
            ],
            CapDrop: ["ALL"],
            SecurityOpt: ["no-new-privileges:true"],
            ReadonlyRootfs: true,
            Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m" },
            Init: true,
            IpcMode: "private",
            NanoCpus: 1e9,
            CpuShares: 512,
            Memory: 64 * 1024 ** 2,
            MemorySwap: 64 * 1024 ** 2,
            PidsLimit: 32,
            LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
          },
        },
      },
    });
  });

  test("is told where its release is brought back as it was", async () => {
    const { inputs } = (await declare(() => void new Job("app-migration", { ...args, run: false }))).get("app-migration-run");
    expect(stepInput(inputs)).toMatchObject({ run: false });
  });

  test("of another purpose is another container", async () => {
    const { outputs } = await declare(() => ({ spec: jobSpec({ ...args, what: "smoke-test" }) }));
    expect(outputs["spec"]).toMatchObject({ what: "smoke-test", container: "berth-dev-smoke-test-3f9a1c2b7d4e" });
  });
});

describe("the route", () => {
  const BAKE = { duration: 20, errors: 5, slowdown: 3, minRequests: 20 };
  const declareRoute = (args: Partial<RouteArgs> = {}) =>
    declare(() => ({
      live: new Route("app-route", {
        owner: OWNER,
        release: releaseOf(),
        gateway: "gw",
        targets: targets(),
        workers: [],
        hosts: [],
        jobs: false,
        ...args,
      }).live,
    }));

  test("sends all traffic to the release, with no key and no secret where there is none", async () => {
    const program = await declareRoute();
    const { type, parent, inputs } = program.get("app-route-switch");
    expect([type, parent, Object.keys(inputs).sort()]).toEqual([
      "command:local:Command",
      "app-route",
      ["create", "environment", "logging"],
    ]);
    expect(inputs["create"]).toBe("node steps/route.ts");
    expect(stepInput(inputs)).toEqual({
      owner: OWNER,
      gateway: "gw",
      service: "app",
      release: "3f9a1c2b7d4e",
      targets: ["web-1", "web-2"],
      workers: [],
      canary: null,
      exclusive: false,
      port: 8080,
      hosts: [],
      tls: "off",
      health: HEALTH,
      drain: 30,
      maintenance: null,
      bake: null,
      smokeTest: null,
      jobs: false,
    });
  });

  test.each<[string, Partial<RouteArgs>, object]>([
    ["hosts", { hosts: ["example.com"] }, { hosts: ["example.com"], tls: "off" }],
    ["certificates by ACME", { hosts: ["example.com"], tls: { acme: true } }, { tls: "acme" }],
    ["maintenance", { maintenance: "Back at noon" }, { maintenance: "Back at noon" }],
    [
      "the release's own times",
      { release: releaseOf({ settings: carried({ drain: 1.5, containerPort: 3000 }) }) },
      { drain: 1.5, port: 3000 },
    ],
    [
      "how to watch the release, and whom to stop where it is not good",
      { bake: BAKE, workers: [pulumi.output("mail-1")] },
      { bake: BAKE, workers: ["mail-1"], exclusive: false },
    ],
    ["an app that allows one writer", { release: releaseOf({ settings: carried({ strategy: "recreate" }) }) }, { exclusive: true }],
    ["the smoke test", { smokeTest: pulumi.output(JOB), jobs: true }, { smokeTest: JOB, jobs: true }],
  ])("tells the step of %s", async (_, args, expected) => {
    const { inputs } = (await declareRoute(args)).get("app-route-switch");
    expect(stepInput(inputs)).toMatchObject(expected);
    expect(inputs).not.toHaveProperty("stdin");
  });

  test("gives its own key to the step as a secret by standard input, and in no other way", async () => {
    const { inputs } = (await declareRoute({ hosts: ["example.com"], tls: { certificate: CERTIFICATE, key: KEY } })).get(
      "app-route-switch",
    );
    const { stdin, ...rest } = inputs;
    expect(stdin).toBeInstanceOf(Secret);
    expect(stdin).toEqual(new Secret(JSON.stringify({ certificate: CERTIFICATE, key: KEY })));
    expect(stepInput(rest)).toMatchObject({ tls: "own" });
    expect(JSON.stringify(rest)).not.toContain(KEY.split("\n")[1]);
  });

  test("is changed in place: a replaced one would leave the gateway without a route for a moment", async () => {
    const { inputs } = (await declareRoute()).get("app-route-switch");
    expect(inputs).not.toHaveProperty("triggers");
    expect(inputs).not.toHaveProperty("delete");
  });

  test("tells that the release is live only once it is", async () => {
    expect((await declareRoute()).outputs["live"]).toBe("app-route-switch-id");
  });
});

test("in a preview a step's input is not known yet where the engine decides a part of it", async () => {
  const program = await declare(
    () => {
      const route = new Route("first", {
        owner: OWNER,
        release: releaseOf(),
        gateway: "gw",
        targets: [],
        workers: [],
        hosts: [],
        jobs: false,
      });
      new HealthGate("second", {
        owner: OWNER,
        release: releaseOf(),
        gateway: pulumi.interpolate`${route.live}`,
        candidates: [],
        workers: [],
      });
    },
    { preview: true },
  );
  expect(program.get("second-probe").inputs["environment"]).toMatchObject({ BERTH_INPUT: UNKNOWN });
});
