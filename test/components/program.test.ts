import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../../release/ledger.ts";
import { checkEngine } from "../../preflight/preflight.ts";
import { OWNER, releaseOf } from "../support/configuration.ts";
import { temporaryFolder, write } from "../support/folders.ts";
import type { Program } from "../support/program.ts";
import { repository } from "../support/repository.ts";
import { stepInput } from "../support/values.ts";
import { wholeProgram as run } from "../support/wholeProgram.ts";

jest.mock("../../preflight/hold.ts", () => ({ holdStack: () => Promise.resolve() }));
jest.mock("../../preflight/preflight.ts", () => ({
  ...jest.requireActual<object>("../../preflight/preflight.ts"),
  checkEngine: jest.fn(() => Promise.resolve({ files: {}, processors: 4, images: new Map() })),
}));
const engineCheck = jest.mocked(checkEngine);

const home = process.cwd();
beforeEach(() => {
  engineCheck.mockReset().mockResolvedValue({ files: {}, processors: 4, images: new Map() });
  process.chdir(temporaryFolder({ "app/Dockerfile": "FROM scratch", "app/server.js": "serve()" }));
});
afterEach(() => process.chdir(home));

const releasesOf = ({ outputs }: Program) => outputs["releases"] as Release[];
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("the outputs are those that people and tools rely on", async () => {
  const { outputs } = await run();
  const [release] = releasesOf({ outputs } as Program);
  expect(Object.keys(outputs).sort()).toEqual([
    "dataVolumes",
    "image",
    "key",
    "release",
    "releases",
    "replicas",
    "secrets",
    "strategy",
    "url",
    "volumes",
  ]);
  expect(outputs).toMatchObject({
    url: "http://127.0.0.1:8080",
    image: "sha256:berth-dev-image-build",
    replicas: ["berth-dev-web-1-0abcdef", "berth-dev-web-2-0abcdef"],
    volumes: [{ name: "berth-dev-data-volume-0abcdef", target: "/data" }],
    strategy: "blue-green",
  });
  expect(outputs["release"]).toBe(release?.name);
  expect(release?.name).toMatch(/^[0-9a-f]{12}$/);
});

test("everything belongs to one app, named by project and stack", async () => {
  const { resources } = await run({}, [], { stack: "prod" });
  expect(resources.filter(({ parent }) => parent === "").map(({ type, name }) => [type, name])).toEqual([
    ["berth:index:WebApp", "berth-prod"],
  ]);
});

test("this machine is asked before anything is declared, and what stands in the way ends the program", async () => {
  engineCheck.mockRejectedValue(new pulumi.RunError("no Docker engine answers"));
  await expect(run({ port: 9000, replicas: 3 })).rejects.toThrow("no Docker engine answers");
  const [[owner, settings, release, built] = []] = engineCheck.mock.calls;
  expect([owner, settings?.port, release?.settings.replicas, built]).toEqual([OWNER, 9000, 3, true]);
});

describe("an update with nothing changed", () => {
  test("declares exactly the same again, though time has passed and the ledger gives names back in any order", async () => {
    const config = { strategy: "recreate", env: { B: "1", A: "2" }, secrets: { pin: "hunter2", a: "1" } };
    const first = await run(config);
    await sleep(5);
    const again = await run(config, ledgerOf(first));
    expect(again.resources).toEqual(first.resources);
    expect(again.outputs).toEqual(first.outputs);
  });

  test("in another checkout at another path declares the same, too", async () => {
    const declared = async () => (await run()).resources.filter(({ name }) => name !== "berth-dev-record-copy"); // it tells the time
    const first = await declared();
    process.chdir(temporaryFolder({ "app/server.js": "serve()", "app/Dockerfile": "FROM scratch" }));
    expect(await declared()).toEqual(first);
  });
});

/** The ledger as the next update reads it: through JSON. */
const ledgerOf = (program: Program): Release[] => plain(releasesOf(program)) as Release[];

test("one changed byte of the app changes its image and its replicas, and neither gateway nor data", async () => {
  const first = await run();
  write("app/server.js", "serve(;");
  const second = await run({}, ledgerOf(first));
  const changed = second.resources
    .filter(({ name, inputs }) => JSON.stringify(first.get(name).inputs) !== JSON.stringify(inputs))
    .map(({ name }) => name);
  expect(changed.sort()).toEqual([
    "berth-dev-gate-probe",
    "berth-dev-image-build",
    "berth-dev-prune-images",
    "berth-dev-record-copy",
    "berth-dev-route-switch",
    "berth-dev-web-1",
    "berth-dev-web-2",
  ]);
  expect(releasesOf(second)).toHaveLength(2);
});

test("a preview declares what the update will", async () => {
  const shapeOf = ({ resources }: Program) => resources.map(({ type, name, parent, options }) => ({ type, name, parent, options }));
  const config = { strategy: "recreate", secrets: { pin: "1" } };
  expect(shapeOf(await run(config, [], { preview: true })).sort(byName)).toEqual(shapeOf(await run(config)).sort(byName));
});
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

test("a release that an earlier Berth wrote down has no workers, and is the same release still", async () => {
  const [first] = ledgerOf(await run());
  if (!first) throw new Error("no release");
  const { workers: _, ...settings } = first.settings;
  const old = { ...first, settings } as unknown as Release;
  const again = await run({}, [old]);
  expect(releasesOf(again)).toMatchObject([{ name: first.name, settings: { ...settings, workers: [] } }]);
  const pinned = await run({ release: first.name }, [old]);
  expect(pinned.resources.filter(({ name }) => name.includes("worker"))).toEqual([]);
});

describe("a pinned release", () => {
  const earlier = releaseOf({
    name: "aaaaaaaaaaaa",
    image: "sha256:old",
    settings: { ...releaseOf().settings, replicas: 1, strategy: "recreate" },
  });
  const live = releaseOf({ name: "bbbbbbbbbbbb" });

  test("comes back with its image and settings, and app/ need not even be there", async () => {
    process.chdir(temporaryFolder());
    const program = await run({ release: "aaaaaaaaaaaa", replicas: 5 }, [live, earlier]);
    expect(program.outputs).toMatchObject({
      release: "aaaaaaaaaaaa",
      image: "sha256:old",
      replicas: ["berth-dev-web-1-0abcdef"],
      strategy: "recreate",
    });
    expect(releasesOf(program).map(({ name }) => name)).toEqual(["aaaaaaaaaaaa", "bbbbbbbbbbbb"]);
    expect(program.resources.map(({ name }) => name)).not.toContain("berth-dev-image-build");
  });

  test("is told, with the way back to building", async () => {
    await run({ release: "aaaaaaaaaaaa" }, [live, earlier]);
    expect(pulumi.log.info).toHaveBeenCalledWith(
      "release aaaaaaaaaaaa is pinned by berth:release, app/ is not built. To build again: pulumi config rm berth:release",
    );
  });

  test("is asked for on the engine, since nothing is built", async () => {
    await run({ release: "aaaaaaaaaaaa" }, [live, earlier]);
    expect(engineCheck).toHaveBeenCalledWith(
      OWNER,
      expect.anything(),
      expect.objectContaining({ name: "aaaaaaaaaaaa" }),
      false,
      live,
      undefined,
    );
  });

  test("that no one knows is refused before the engine is asked", async () => {
    await expect(run({ release: "cccccccccccc" }, [live])).rejects.toThrow(
      'berth:release is "cccccccccccc", which is not in the ledger (known: bbbbbbbbbbbb)',
    );
    expect(engineCheck).not.toHaveBeenCalled();
  });

  test("that is live already changes nothing in the ledger", async () => {
    expect(releasesOf(await run({ release: "bbbbbbbbbbbb" }, [live, earlier])).map(({ time }) => time)).toEqual([live.time, earlier.time]);
  });
});

describe("a canary", () => {
  const live = releaseOf({ image: "sha256:live", settings: { ...releaseOf().settings, volumes: [] } });
  const tried = releaseOf({
    name: "bbbbbbbbbbbb",
    image: "sha256:tried",
    secrets: ["pin"],
    settings: { ...releaseOf().settings, containerPort: 3000 },
  });

  test("of the same as the live release, with other settings, runs on its image: another build could take the name from it", async () => {
    const content = releasesOf(await run({}))[0]?.name ?? "";
    const program = await run({ canary: { replicas: 1 }, env: { NEW: "1" } }, [{ ...live, name: content }]);
    expect(program.resources.map(({ name }) => name)).not.toContain("berth-dev-canary-image-build");
    expect(program.get("berth-dev-canary-web-1").inputs).toMatchObject({ image: "sha256:live" });
  });

  test("of what is built stands beside the live release, which stays as it is", async () => {
    const program = await run({ canary: { replicas: 1 }, env: { NEW: "1" }, bake: { errors: 1 } }, [live]);
    expect(program.outputs).toMatchObject({
      release: live.name,
      image: "sha256:live",
      canary: { replicas: ["berth-dev-canary-web-1-0abcdef"], promote: false },
    });
    expect(releasesOf(program).map(({ name }) => name)).toEqual([live.name]);
    expect(program.get("berth-dev-web-1").inputs).toMatchObject({ image: "sha256:live" });
    expect(program.get("berth-dev-canary-web-1").inputs).toMatchObject({ image: "sha256:berth-dev-canary-image-build" });
    expect(program.get("berth-dev-canary-web-1").inputs["envs"]).toContain("NEW=1");
  });

  test("takes its share after its own gate, by the limits of the bake", async () => {
    const program = await run(
      { canary: { release: "bbbbbbbbbbbb", replicas: 2, duration: "1m" }, bake: { errors: 1 }, secrets: { pin: "hunter2" } },
      [live, tried],
    );
    expect(stepInput(program.get("berth-dev-route-switch").inputs)).toMatchObject({
      release: live.name,
      targets: ["berth-dev-web-1-0abcdef", "berth-dev-web-2-0abcdef"],
      canary: {
        release: "bbbbbbbbbbbb",
        targets: ["berth-dev-canary-web-1-0abcdef", "berth-dev-canary-web-2-0abcdef"],
        port: 3000,
        limits: { duration: 60, errors: 1, slowdown: 3, minRequests: 20 },
      },
    });
    expect(stepInput(program.get("berth-dev-canary-gate-probe").inputs)).toMatchObject({
      release: "bbbbbbbbbbbb",
      port: 3000,
      workers: [],
      exclusive: false,
      migration: null,
    });
    for (const name of ["berth-dev-canary-gate-probe", "berth-dev-gate-probe"])
      expect(program.before("berth-dev-route-switch")).toContain(name);
  });

  test("has its own secrets and the volumes it needs, and its image is kept", async () => {
    const program = await run({ canary: { release: "bbbbbbbbbbbb" }, secrets: { pin: "hunter2" } }, [live, tried]);
    const mounts = program.get("berth-dev-canary-web-1").inputs["mounts"] as { source: string }[];
    expect(mounts.map(({ source }) => source)).toEqual(["berth-dev-data-volume-0abcdef", "stdout-of-berth-dev-canary-web-secrets-files"]);
    expect(stepInput(program.get("berth-dev-prune-images").inputs)).toMatchObject({
      keep: ["berth-dev:3f9a1c2b7d4e", "berth-dev:bbbbbbbbbbbb"],
    });
    expect(program.resources.map(({ name }) => name)).not.toContain("berth-dev-canary-image-build");
  });

  test("has no release to stand beside before the first", async () => {
    await expect(run({ canary: {} })).rejects.toThrow("nothing is live yet: pulumi config rm berth:canary");
  });
});

test("bad configuration ends the program before the engine is asked", async () => {
  await expect(run({ port: 0 })).rejects.toThrow("berth:port is 0");
  expect(engineCheck).not.toHaveBeenCalled();
});

test("a missing Dockerfile ends the program before the engine is asked", async () => {
  process.chdir(temporaryFolder({ "app/server.js": "" }));
  await expect(run()).rejects.toThrow("there is no app/Dockerfile");
  expect(engineCheck).not.toHaveBeenCalled();
});

test("a remote context is built from its checkout, and the release carries its commit", async () => {
  const source = repository();
  const commit = source.commit({ "web/Dockerfile": "FROM remote" });
  const program = await run({ build: { remoteContext: `file://${source.folder}#main:web` } });
  expect(program.get("berth-dev-image-build").inputs["build"]).toMatchObject({ context: `.berth/checkouts/${commit}/web` });
  expect(releasesOf(program)[0]?.commit).toBe(commit.slice(0, 12));
  expect(existsSync(`.berth/checkouts/${commit}/web/Dockerfile`)).toBe(true);
});

test("a release carries the commit of the checkout it was made in", async () => {
  const checkout = repository();
  const commit = checkout.commit({ "app/Dockerfile": "FROM scratch" });
  process.chdir(checkout.folder);
  expect(releasesOf(await run())[0]?.commit).toBe(commit.slice(0, 12)); // and no "+", though the program makes files of its own
});
