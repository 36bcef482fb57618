import type { ContainerSpec } from "../../engine/containers.ts";
import type { Release } from "../../release/ledger.ts";
import { nextRelease } from "../../release/ledger.ts";
import { valuesFor } from "../../release/secretValues.ts";
import { urlOf, WebApp, type WebAppArgs } from "../../components/webApp.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { type Config, OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { declare, type DeclareOptions } from "../support/program.ts";
import { labelsOf, type Secret, stepInput } from "../support/values.ts";

const CONTENT = "3f9a1c2b7d4e";
const ORIGIN = { time: "2026-01-02T03:04:05.000Z" };
const MIGRATION = { command: ["migrate"], timeout: "90s" };
const SMOKE_TEST = { command: ["smoke"] };
const BUILD = { context: "app", dockerfile: "Dockerfile", args: {} };

/** The app that this configuration makes, as index.ts would. */
function declareApp({
  config = {},
  args = {},
  ...options
}: Omit<DeclareOptions, "config"> & { config?: Config; args?: Partial<WebAppArgs> } = {}) {
  const settings = settingsOf(config);
  const ledger = args.ledger ?? [];
  const release = args.release ?? nextRelease(ledger, CONTENT, settings, ORIGIN);
  return declare(async () => {
    const app = new WebApp("app", {
      owner: OWNER,
      settings,
      secrets: await valuesFor(settings.secrets, release),
      release,
      ledger,
      build: BUILD,
      ...args,
    });
    return { url: app.url, image: app.image, replicas: app.replicas, volumes: app.volumes, releases: app.releases };
  }, options);
}

const partsOf = (program: Awaited<ReturnType<typeof declareApp>>) =>
  program.resources
    .filter(({ parent }) => parent === "app")
    .map(({ type, name }) => [type.replace("berth:index:", ""), name])
    .sort();

test("an app is made of these parts, each its own", async () => {
  expect(partsOf(await declareApp())).toEqual([
    ["AppImage", "app-image"],
    ["DataVolume", "app-data"],
    ["Gateway", "app-gateway"],
    ["HealthGate", "app-gate"],
    ["Prune", "app-prune"],
    ["Replicas", "app-web"],
    ["Route", "app-route"],
    ["StackKey", "app-key"],
    ["StackRecord", "app-record"],
  ]);
});

describe("secrets", () => {
  const workers = [
    { name: "mail", command: ["mail"] },
    { name: "queue", command: ["queue"] },
  ];
  const secrets = { a: "1", b: "2", c: "3" };
  const PROCESSES = ["web", "worker-mail", "worker-queue"];
  const declareSecrets = (config: Config = {}, options: Omit<Parameters<typeof declareApp>[0] & object, "config"> = {}) =>
    declareApp({ config: { workers, secrets, ...config }, ...options });
  /** The label of a process's containers, and what decides whether its files are written anew. */
  const told = (program: Awaited<ReturnType<typeof declareApp>>) =>
    PROCESSES.map((process) => [
      JSON.parse(labelsOf(program.get(`app-${process}-1`).inputs["labels"])["berth.secrets"] ?? "null") as Record<string, string> | null,
      program.resources.find(({ name }) => name === `app-${process}-secrets-files`)?.inputs["triggers"],
    ]);

  test("are files of each process, which its containers mount", async () => {
    const program = await declareSecrets();
    expect(
      partsOf(program)
        .filter(([type]) => type === "SecretFiles")
        .map(([, name]) => name),
    ).toEqual(PROCESSES.map((process) => `app-${process}-secrets`));
    for (const process of PROCESSES)
      expect(program.get(`app-${process}-1`).inputs["mounts"]).toContainEqual({
        type: "volume",
        source: `stdout-of-app-${process}-secrets-files`,
        target: "/run/secrets",
        readOnly: true,
      });
  });

  test("go to the processes that they are for, and to all others as well where nothing is said", async () => {
    const program = await declareSecrets({ secretsFor: { web: ["a", "b"], queue: [] } });
    expect(told(program).map(([hashes]) => Object.keys(hashes as object))).toEqual([["a", "b"], ["a", "b", "c"], []]);
    expect(JSON.stringify(program.get("app-worker-queue-1").inputs["mounts"])).not.toContain("/run/secrets");
    expect((program.get("app-web-secrets-files").inputs["stdin"] as Secret).value).toBe('{"a":{"base64":"MQ=="},"b":{"base64":"Mg=="}}');
  });

  test("with another value change their users, and nobody else", async () => {
    const config = { secretsFor: { web: ["a", "b"], mail: ["b", "c"], queue: ["c"] } };
    const [before, after] = [
      told(await declareSecrets(config)),
      told(await declareSecrets({ ...config, secrets: { ...secrets, c: "33" } })),
    ];
    expect(before.map((each, process) => JSON.stringify(each) === JSON.stringify(after[process]))).toEqual([true, false, false]);
    expect(after[1]?.[0]).toMatchObject({ b: (before[1]?.[0] as Record<string, string>)["b"] });
  });

  test("with another value change all of an app that allows one writer, for it is swapped as a whole", async () => {
    const config = { strategy: "recreate", secretsFor: { web: ["a"], mail: ["b"], queue: [] } };
    const [before, after] = [
      told(await declareSecrets(config)),
      told(await declareSecrets({ ...config, secrets: { ...secrets, b: "22" } })),
    ];
    expect(before.map(([hashes], process) => JSON.stringify(hashes) === JSON.stringify(after[process]?.[0]))).toEqual([
      false,
      false,
      false,
    ]);
    expect(before.map(([, files], process) => JSON.stringify(files) === JSON.stringify(after[process]?.[1]))).toEqual([true, false, true]);
  });

  test("of an accessory are its URL, for the processes that are to have it", async () => {
    const program = await declareSecrets({
      accessories: [{ name: "db", kind: "postgres" }],
      secretsFor: { web: ["db-url"], queue: ["a"] },
    });
    expect(told(program).map(([hashes]) => Object.keys(hashes as object))).toEqual([["db-url"], ["a", "b", "c", "db-url"], ["a"]]);
    const { value } = program.get("app-web-secrets-files").inputs["stdin"] as Secret;
    expect(
      Buffer.from((JSON.parse(String(value)) as Record<string, { base64: string }>)["db-url"]?.base64 ?? "", "base64").toString(),
    ).toMatch(/^postgres:\/\/app:[0-9a-f]{64}@db:5432\/app$/);
  });

  test("are written anew where another user is to read them", async () => {
    const [before, after] = [told(await declareSecrets()), told(await declareSecrets({ user: "1234" }))];
    expect(before.map(([, files], process) => JSON.stringify(files) === JSON.stringify(after[process]?.[1]))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

test("each worker and the migration are parts of their own", async () => {
  const workers = [
    { name: "mail", command: ["mail"] },
    { name: "queue", command: ["queue"] },
  ];
  const parts = partsOf(await declareApp({ config: { workers, migration: MIGRATION, smokeTest: SMOKE_TEST } }));
  expect(parts).toHaveLength(12);
  expect(parts).toEqual(
    expect.arrayContaining([
      ["Job", "app-migration"],
      ["Replicas", "app-worker-mail"],
      ["Replicas", "app-worker-queue"],
    ]),
  );
});

describe("the order of a release", () => {
  test("is image, replicas, gate, switch, prune; the replicas also wait for network, data and secrets", async () => {
    const program = await declareApp({ config: { secrets: { pin: "1" } } });
    const replica = program.before("app-web-1");
    for (const name of ["app-image-build", "app-gateway-network", "app-data-volume", "app-web-secrets-files", "app-gateway-image"])
      expect(replica).toContain(name);
    for (const name of ["app-web-1", "app-web-2", "app-gateway-proxy"]) expect(program.before("app-gate-probe")).toContain(name);
    for (const name of ["app-gate-probe", "app-web-pids"]) expect(program.before("app-route-switch")).toContain(name);
    expect(program.before("app-prune-images")).toContain("app-route-switch");
    expect(program.before("app-record-copy")).toContain("app-route-switch");
  });

  test("lets the gateway start while the image is built", async () => {
    const gateway = (await declareApp()).before("app-gateway-proxy");
    expect([...gateway].filter((name) => !name.startsWith("app-gateway"))).toEqual(["app"]);
  });

  test.each(["blue-green", "recreate"])("is create-first for %s", async (strategy) => {
    expect((await declareApp({ config: { strategy } })).get("app-web-1").options.deleteBeforeReplace).toBe(false);
  });

  test("has the migration before all its processes, and the gate and the switch after all of them", async () => {
    const program = await declareApp({
      config: { migration: MIGRATION, workers: [{ name: "mail", command: ["mail"], replicas: 2 }], secrets: { pin: "1" } },
    });
    for (const name of ["app-web-1", "app-worker-mail-1", "app-gate-probe"]) expect(program.before(name)).toContain("app-migration-run");
    for (const name of ["app-image-build", "app-gateway-network", "app-data-volume", "app-web-secrets-files"])
      expect(program.before("app-migration-run")).toContain(name);
    for (const name of ["app-web-2", "app-worker-mail-2"]) expect(program.before("app-gate-probe")).toContain(name);
    for (const name of ["app-gate-probe", "app-worker-mail-pids"]) expect(program.before("app-route-switch")).toContain(name);
  });

  test("for recreate leaves the migration to the gate, which has it between the two releases", async () => {
    const program = await declareApp({ config: { migration: MIGRATION, strategy: "recreate" } });
    expect(program.resources.map(({ name }) => name)).not.toContain("app-migration");
    expect(stepInput(program.get("app-gate-probe").inputs)).toMatchObject({
      exclusive: true,
      migration: { run: true, job: { what: "migration", timeout: 90, spec: { Cmd: ["migrate"], Image: "sha256:app-image-build" } } },
    });
  });
});

describe("what the steps are told", () => {
  const workers = [{ name: "mail", command: ["mail"], replicas: 2 }];
  const inputsOf = async (config: Config, ...names: string[]) => {
    const program = await declareApp({ config });
    return names.map((name) => stepInput(program.get(name).inputs) as Record<string, unknown>);
  };

  test("are the workers by their containers' names, apart from those with traffic", async () => {
    for (const input of await inputsOf({ workers }, "app-gate-probe", "app-route-switch"))
      expect(input["workers"]).toEqual(["app-worker-mail-1-0abcdef", "app-worker-mail-2-0abcdef"]);
    const [gate, route] = await inputsOf({ workers }, "app-gate-probe", "app-route-switch");
    expect([gate?.["candidates"], route?.["targets"]]).toEqual([
      ["app-web-1-0abcdef", "app-web-2-0abcdef"],
      ["app-web-1-0abcdef", "app-web-2-0abcdef"],
    ]);
  });

  test("is the job of a migration, with the environment and mounts of a replica", async () => {
    const [input] = await inputsOf({ migration: MIGRATION, env: { A: "1" } }, "app-migration-run");
    expect(input).toMatchObject({
      run: true,
      job: { container: `berth-dev-migration-${CONTENT}`, timeout: 90, spec: { Cmd: ["migrate"] } },
    });
    const { spec } = input?.["job"] as { spec: ContainerSpec };
    expect(spec.Env).toEqual(expect.arrayContaining(["A=1", "BERTH_REPLICA=0"]));
    expect(spec.HostConfig).toMatchObject({
      NetworkMode: "app-gateway-network-0abcdef",
      Mounts: [{ Type: "volume", Source: "app-data-volume-0abcdef", Target: "/data" }],
    });
  });

  test("is the smoke test, which asks at the gateway, and whose jobs are removed", async () => {
    const [input] = await inputsOf({ smokeTest: SMOKE_TEST }, "app-route-switch");
    expect(input).toMatchObject({ jobs: true, bake: null, smokeTest: { what: "smoke-test", timeout: 60, spec: { Cmd: ["smoke"] } } });
    expect((input?.["smokeTest"] as { spec: ContainerSpec }).spec.Env).toContain("BERTH_URL=http://app-gateway-proxy-0abcdef:8080");
  });

  test("is nothing of jobs and baking where none is asked for", async () => {
    expect(await inputsOf({}, "app-gate-probe", "app-route-switch")).toMatchObject([
      { migration: null, workers: [] },
      { bake: null, smokeTest: null, jobs: false, workers: [] },
    ]);
  });
});

describe("a release that is brought back", () => {
  const earlier = releaseOf({ settings: { ...settingsOf().next, replicas: 3, env: { OLD: "1" } }, image: "sha256:old" });
  const live = releaseOf({ name: "ffffffffffff", image: "sha256:live" });
  const bringBack = () => declareApp({ args: { release: earlier, ledger: [live, earlier], build: undefined } });

  test("builds nothing, and runs as it was: image, replicas, environment", async () => {
    const program = await bringBack();
    expect(program.resources.filter(({ type }) => type === "docker:index/remoteImage:RemoteImage").map(({ name }) => name)).toEqual([
      "app-gateway-image",
    ]);
    expect(program.get("app-web-3").inputs).toMatchObject({ image: "sha256:old" });
    expect(program.get("app-web-3").inputs["envs"]).toContain("OLD=1");
  });

  test("has proven itself: no migration, no bake and no smoke test, and no job is removed that is not there", async () => {
    const inputsOf = async (config: Config) => {
      const program = await declareApp({
        config: { release: earlier.name, ...config },
        args: { release: earlier, ledger: [live, earlier], build: undefined },
      });
      return program.resources
        .filter(({ name }) => /-(gate-probe|migration-run|route-switch)$/.test(name))
        .map(({ inputs }) => stepInput(inputs) as Record<string, unknown>);
    };
    const [job, , route] = await inputsOf({ migration: MIGRATION, smokeTest: SMOKE_TEST, bake: "20s" });
    expect(job).toMatchObject({ run: false, job: { release: earlier.name } });
    expect(route).toMatchObject({ bake: null, smokeTest: null });
    expect((await inputsOf({}))[1]).toMatchObject({ jobs: false });
  });

  test("of an app that allows one writer has no migration between, either", async () => {
    const settings = { ...earlier.settings, replicas: 1, strategy: "recreate" } as const;
    const program = await declareApp({
      config: { release: earlier.name, migration: MIGRATION },
      args: { release: { ...earlier, settings }, ledger: [live, earlier], build: undefined },
    });
    expect(stepInput(program.get("app-gate-probe").inputs)).toMatchObject({ exclusive: true, migration: { run: false } });
  });

  test("has the workers it had, not those of the configuration", async () => {
    const settings = { ...earlier.settings, workers: [{ name: "old", command: ["old"], replicas: 1 }] };
    const program = await declareApp({
      config: { workers: [{ name: "mail", command: ["mail"] }] },
      args: { release: { ...earlier, settings }, ledger: [live, earlier], build: undefined },
    });
    expect(partsOf(program).filter(([, name]) => name?.includes("worker"))).toEqual([["Replicas", "app-worker-old"]]);
  });

  test("is on top of the ledger, and the image of the one before is kept", async () => {
    const program = await bringBack();
    expect((program.outputs["releases"] as Release[]).map(({ name, image }) => [name, image])).toEqual([
      [CONTENT, "sha256:old"],
      ["ffffffffffff", "sha256:live"],
    ]);
    expect(stepInput(program.get("app-prune-images").inputs)).toMatchObject({ keep: [`berth-dev:${CONTENT}`, "berth-dev:ffffffffffff"] });
  });
});

describe("a data volume that a release does not mount", () => {
  const declareWithout = () => declareApp({ config: { volumes: [] }, args: { dataVolumes: ["data"] } });

  test("stays declared, because it is protected and may be wanted again", async () => {
    const program = await declareWithout();
    expect(program.get("app-data-volume").options.protect).toBe(true);
    expect(program.get("app-web-1").inputs["mounts"] ?? []).toEqual([]);
    expect(program.outputs["volumes"]).toEqual([]);
  });
});

describe("the outputs", () => {
  test("tell where the app is and what runs", async () => {
    const { outputs } = await declareApp();
    expect(outputs).toMatchObject({
      url: "http://127.0.0.1:8080",
      image: "sha256:app-image-build",
      replicas: ["app-web-1-0abcdef", "app-web-2-0abcdef"],
      volumes: [{ name: "app-data-volume-0abcdef", target: "/data" }],
    });
  });

  test("have the new release on top of as many as are kept, and prune keeps just these images", async () => {
    const ledger = ["a", "b", "c"].map((letter) => releaseOf({ name: letter.repeat(12), image: `sha256:${letter}` }));
    const program = await declareApp({ config: { keepReleases: 2 }, args: { ledger } });
    expect((program.outputs["releases"] as Release[]).map(({ name }) => name)).toEqual([CONTENT, "aaaaaaaaaaaa", "bbbbbbbbbbbb"]);
    expect(stepInput(program.get("app-prune-images").inputs)).toMatchObject({
      keep: [`berth-dev:${CONTENT}`, "berth-dev:aaaaaaaaaaaa", "berth-dev:bbbbbbbbbbbb"],
    });
  });

  test("name the secrets of every release, and tell no value", async () => {
    const { outputs } = await declareApp({
      config: { secrets: { pin: "new-value" } },
      args: { ledger: [releaseOf({ name: "aaaaaaaaaaaa", secrets: ["pin", "token"] })] },
    });
    expect((outputs["releases"] as { secrets: unknown }[]).map(({ secrets }) => secrets)).toEqual([["pin"], ["pin", "token"]]);
    expect(JSON.stringify(outputs)).not.toContain("new-value");
  });

  test("name the image only once the switch is made, so that a failed release is in no ledger", async () => {
    // In a preview nothing is switched, and the image of a release that is on the engine already is known all the same.
    const ledger = [releaseOf({ image: "sha256:old" })];
    const [release] = ledger;
    const { outputs } = await declareApp({ preview: true, args: { ledger, build: undefined, ...(release && { release }) } });
    expect(outputs).not.toMatchObject({ image: "sha256:old" });
  });
});

test.each<[Config, string]>([
  [{}, "http://127.0.0.1:8080"],
  [{ port: 80 }, "http://127.0.0.1"],
  [{ bindAddress: "0.0.0.0" }, "http://localhost:8080"],
  [{ bindAddress: "::" }, "http://localhost:8080"],
  [{ bindAddress: "::1" }, "http://[::1]:8080"],
  [{ bindAddress: "192.0.2.1", port: 8081 }, "http://192.0.2.1:8081"],
  [{ hosts: ["example.com", "example.org"], port: 80 }, "http://example.com"],
  [{ hosts: ["*.example.com"], port: 80 }, "http://www.example.com"],
  [{ hosts: ["example.com"], tls: { acme: true } }, "https://example.com"],
  [{ hosts: ["example.com"], tls: { certificate: CERTIFICATE, key: KEY }, httpsPort: 8443 }, "https://example.com:8443"],
])("with %j the app is found at %s", (config, url) => {
  expect(urlOf(settingsOf(config))).toBe(url);
});

test("HTTPS publishes its port, and the port is closed again without it", async () => {
  const tls = { hosts: ["example.com"], tls: { acme: true }, httpsPort: 8443 };
  const portsOf = async (config: Config) => (await declareApp({ config })).get("app-gateway-proxy").inputs["ports"];
  expect(await portsOf(tls)).toHaveLength(2);
  expect(await portsOf({ httpsPort: 8443 })).toHaveLength(1);
});

describe("a volume", () => {
  const volumes = [
    { name: "data", target: "/data", seed: "seed" },
    { name: "pictures", target: "/pictures", existing: "old-1" },
  ];

  test("that is there already is mounted, and no resource of the stack", async () => {
    const program = await declareApp({ config: { volumes } });
    expect(partsOf(program).filter(([type]) => type === "DataVolume")).toEqual([["DataVolume", "app-data"]]);
    expect(program.outputs["volumes"]).toEqual([
      { name: "app-data-volume-0abcdef", target: "/data" },
      { name: "old-1", target: "/pictures" },
    ]);
    expect(program.get("app-web-1").inputs["mounts"]).toContainEqual({
      type: "volume",
      source: "old-1",
      target: "/pictures",
      readOnly: false,
    });
  });

  test("begins with its seed before any process of the release, the migration included", async () => {
    const program = await declareApp({ config: { volumes, migration: MIGRATION, workers: [{ name: "mail", command: ["mail"] }] } });
    expect(stepInput(program.get("app-data-seed-fill").inputs)).toEqual({
      owner: OWNER,
      volume: "app-data-volume-0abcdef",
      target: "/data",
      seed: "seed",
      image: "sha256:app-image-build",
      user: { uid: 1000, gid: 1000 },
    });
    for (const name of ["app-web-1", "app-worker-mail-1", "app-migration-run"])
      expect(program.before(name)).toContain("app-data-seed-fill");
  });

  test("is seeded for whom the image says where that is asked for", async () => {
    expect(stepInput((await declareApp({ config: { volumes, user: "image" } })).get("app-data-seed-fill").inputs)).toMatchObject({
      user: null,
    });
    expect(stepInput((await declareApp({ config: { volumes, user: "7" } })).get("app-data-seed-fill").inputs)).toMatchObject({
      user: { uid: 7, gid: 0 },
    });
  });
});

describe("the copy of the volumes before a migration", () => {
  const config = {
    migration: MIGRATION,
    volumes: [
      { name: "data", target: "/data" },
      { name: "old", target: "/old", existing: "old-1" },
    ],
  };
  const copied = {
    owner: OWNER,
    gateway: "app-gateway-proxy-0abcdef",
    service: "app",
    drain: 30,
    health: { deadline: 60 },
    image: "node:24-bookworm-slim",
    alone: true,
    volumes: [
      { volume: "app-data-volume-0abcdef", copy: `berth-dev-copy-data-${CONTENT}` },
      { volume: "old-1", copy: `berth-dev-copy-old-${CONTENT}` },
    ],
  };

  test("is of all that it may write, and held by itself", async () => {
    const program = await declareApp({ config });
    expect(stepInput(program.get("app-migration-run").inputs)).toMatchObject({ snapshot: copied });
    expect(stepInput(program.get("app-prune-images").inputs)).toMatchObject({ live: CONTENT });
  });

  test("is left to the gate where that holds requests already", async () => {
    const program = await declareApp({ config: { ...config, strategy: "recreate" } });
    expect(stepInput(program.get("app-gate-probe").inputs)).toMatchObject({ migration: { snapshot: { ...copied, alone: false } } });
  });

  test.each([[{ migration: { ...MIGRATION, snapshot: false } }], [{ volumes: [] }]])("is none with %o", async (more) => {
    const program = await declareApp({ config: { ...config, ...more } });
    expect(stepInput(program.get("app-migration-run").inputs)).toMatchObject({ snapshot: null });
    expect(stepInput(program.get("app-prune-images").inputs)).toMatchObject({ live: null });
  });
});
