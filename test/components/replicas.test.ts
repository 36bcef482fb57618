import { canonicalJson } from "../../release/canonicalJson.ts";
import { REPLACE_ON_CHANGES } from "../../components/hardening.ts";
import type { Release } from "../../release/ledger.ts";
import { Replicas, type ReplicasArgs } from "../../components/replicas.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";
import { declare } from "../support/program.ts";
import { labelsOf } from "../support/values.ts";

const declareReplicas = (args: Partial<ReplicasArgs> = {}) =>
  declare(
    () =>
      new Replicas("web", {
        owner: OWNER,
        release: releaseOf(),
        imageId: "sha256:1111",
        network: "net-1",
        volumes: { data: "data-1" },
        ...args,
      }),
  );

const withSettings = (settings: Parameters<typeof carried>[0]): Release => releaseOf({ settings: carried(settings) });

test("replicas are as many containers as the release has, and one limit of their processes", async () => {
  const { resources } = await declareReplicas({ release: withSettings({ replicas: 3 }) });
  expect(resources.map(({ type, name, parent }) => [type, name, parent]).sort()).toEqual([
    ["berth:index:Replicas", "web", ""],
    ["command:local:Command", "web-pids", "web"],
    ["docker:index/container:Container", "web-1", "web"],
    ["docker:index/container:Container", "web-2", "web"],
    ["docker:index/container:Container", "web-3", "web"],
  ]);
});

test("a replica has exactly these inputs", async () => {
  const { inputs } = (await declareReplicas()).get("web-2");
  expect(inputs).toEqual({
    image: "sha256:1111",
    user: "1000:1000",
    envs: ["BERTH_RELEASE=3f9a1c2b7d4e", "BERTH_REPLICA=2", "PORT=8080"],
    labels: [
      { label: "berth.project", value: "berth" },
      { label: "berth.stack", value: "dev" },
      { label: "berth.part", value: "web" },
      { label: "berth.release", value: "3f9a1c2b7d4e" },
      { label: "berth.settings", value: canonicalJson(carried()) },
    ],
    mounts: [{ type: "volume", source: "data-1", target: "/data", readOnly: false }],
    networksAdvanced: [{ name: "net-1" }],
    destroyGraceSeconds: 30,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m" },
    init: true,
    ipcMode: "private",
    cpus: "1.0",
    cpuShares: 512,
    memory: 512,
    memorySwap: 512,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    restart: "unless-stopped",
  });
});

test("a release's settings reach its replicas", async () => {
  const release = withSettings({
    containerPort: 3000,
    user: "1234",
    env: { GREETING: "hello world", EMPTY: "" },
    resources: { cpus: 0.5, memory: 64 * 1024 ** 2, pids: 32 },
    drain: 1.5,
    volumes: [],
    binds: [
      { source: "/srv/a", target: "/a", readOnly: true },
      { source: "/srv/b", target: "/b", readOnly: false },
    ],
  });
  const program = await declareReplicas({ release });
  expect(program.get("web-1").inputs).toMatchObject({
    user: "1234",
    envs: ["BERTH_RELEASE=3f9a1c2b7d4e", "BERTH_REPLICA=1", "EMPTY=", "GREETING=hello world", "PORT=3000"],
    cpus: "0.5",
    memory: 64,
    memorySwap: 64,
    mounts: [
      { type: "bind", source: "/srv/a", target: "/a", readOnly: true },
      { type: "bind", source: "/srv/b", target: "/b", readOnly: false },
    ],
    destroyGraceSeconds: 2, // whole seconds, never less than asked for
  });
  expect(program.get("web-pids").inputs["environment"]).toMatchObject({ CONTAINERS: "web-1-0abcdef web-2-0abcdef", PIDS: "32" });
});

test("folders in memory stand beside /tmp, whose size may be another one", async () => {
  const tmpfs = [{ target: "/cache", size: 8.5 * 1024 ** 2 }];
  const options = (size: number) => `rw,noexec,nosuid,nodev,mode=1777,size=${size}m`;
  expect((await declareReplicas({ release: withSettings({ tmpfs }) })).get("web-1").inputs["tmpfs"]).toEqual({
    "/tmp": options(64),
    "/cache": options(8),
  });
  expect(
    (await declareReplicas({ release: withSettings({ tmpfs: [{ target: "/tmp", size: 128 * 1024 ** 2 }] }) })).get("web-1").inputs["tmpfs"],
  ).toEqual({ "/tmp": options(128) });
});

test("an app has a second to end well even where nothing is drained", async () => {
  expect((await declareReplicas({ release: withSettings({ drain: 0 }) })).get("web-1").inputs).toMatchObject({ destroyGraceSeconds: 1 });
});

test("the image's own user is kept where that is asked for", async () => {
  expect((await declareReplicas({ release: withSettings({ user: "image" }) })).get("web-1").inputs).not.toHaveProperty("user");
});

test("secrets are a volume that is read-only to the app, and in no variable", async () => {
  const hashes = '{"pin":"0badcafe0bad"}';
  const program = await declareReplicas({ release: releaseOf({ secrets: ["pin"] }), secrets: { volume: "secrets-1", hashes } });
  const { inputs } = program.get("web-1");
  expect(inputs["mounts"]).toContainEqual({ type: "volume", source: "secrets-1", target: "/run/secrets", readOnly: true });
  expect(labelsOf(inputs["labels"])["berth.secrets"]).toBe(hashes);
  expect(JSON.stringify(inputs["envs"])).not.toContain("pin");
});

test.each(["blue-green", "recreate"] as const)(
  "the old replicas of %s stay until the new ones have proven good, and what the provider cannot change in place replaces them",
  async (strategy) => {
    const { options } = (await declareReplicas({ release: withSettings({ strategy }) })).get("web-1");
    expect(options).toMatchObject({ deleteBeforeReplace: false, replaceOnChanges: REPLACE_ON_CHANGES });
  },
);

test("a replica of an app that allows one writer is made and not started: the gate does that", async () => {
  expect((await declareReplicas({ release: withSettings({ strategy: "recreate" }) })).get("web-1").inputs).toMatchObject({
    start: false,
    mustRun: false,
  });
  const { inputs } = (await declareReplicas()).get("web-1");
  expect([inputs["start"], inputs["mustRun"]]).toEqual([undefined, undefined]);
});

describe("the label with the settings of a release", () => {
  const labelOf = async (release: Release) =>
    labelsOf((await declareReplicas({ release })).get("web-1").inputs["labels"])["berth.settings"] ?? "";

  test("says all that is needed to serve from a replica", async () => {
    expect(JSON.parse(await labelOf(withSettings({ containerPort: 3000, drain: 5 })))).toEqual(carried({ containerPort: 3000, drain: 5 }));
  });

  test("is the same in whatever order the ledger gives the settings back", async () => {
    const { user, ...rest } = carried();
    expect(await labelOf(releaseOf({ settings: { ...rest, user } }))).toBe(await labelOf(releaseOf({ settings: { user, ...rest } })));
  });
});

describe("the containers of a worker", () => {
  const worker = { name: "mail", command: ["node", "mail.js"], replicas: 2 };
  const declareWorker = (more: Partial<typeof worker> & { healthcheck?: string[] } = {}) =>
    declareReplicas({ worker: { ...worker, ...more } });

  test("are as many as the worker has, whatever the release has", async () => {
    const { resources } = await declareWorker({ replicas: 3 });
    expect(resources.filter(({ type }) => type === "docker:index/container:Container").map(({ name }) => name)).toEqual([
      "web-1",
      "web-2",
      "web-3",
    ]);
  });

  test("are those of a replica but for command, health check and label", async () => {
    const { inputs: web } = (await declareReplicas()).get("web-2");
    const { inputs } = (await declareWorker()).get("web-2");
    const { command, healthcheck, labels, ...rest } = inputs;
    const { labels: webLabels, ...webRest } = web;
    expect(command).toEqual(["node", "mail.js"]);
    // The image's own asks the web process
    expect(healthcheck).toEqual({ tests: ["NONE"], interval: "5s", timeout: "5s", retries: 3, startPeriod: "10s" });
    expect(labelsOf(labels)).toEqual({ ...labelsOf(webLabels), "berth.part": "worker" });
    expect(rest).toEqual(webRest);
  });

  test("have a health check of their own where the worker has one", async () => {
    const { inputs } = (await declareWorker({ healthcheck: ["node", "alive.js"] })).get("web-1");
    expect(inputs["healthcheck"]).toEqual({
      tests: ["CMD", "node", "alive.js"],
      interval: "5s",
      timeout: "5s",
      retries: 3,
      startPeriod: "10s",
    });
  });

  test("wait for the gate, too, in an app that allows one writer", async () => {
    const { inputs } = (await declareReplicas({ worker, release: withSettings({ strategy: "recreate" }) })).get("web-1");
    expect(inputs).toMatchObject({ start: false, mustRun: false });
  });
});

test("a changed file that is bound is another container, and of the others' nothing is said", async () => {
  const release = withSettings({ binds: [{ source: "/srv/a.conf", target: "/a.conf", readOnly: true }] });
  const labelOf = async (files?: Record<string, string>) =>
    labelsOf((await declareReplicas({ release, ...(files && { files }) })).get("web-1").inputs["labels"])["berth.files"];
  expect([await labelOf({ "/srv/a.conf": "111", "/srv/b.conf": "222" }), await labelOf({ "/srv/b.conf": "222" }), await labelOf()]).toEqual(
    ["111", undefined, undefined],
  );
});

test("a volume that was not made is a fault of the program, never another volume of that name", async () => {
  await expect(declareReplicas({ volumes: {} })).rejects.toThrow("no volume was made for data");
});
