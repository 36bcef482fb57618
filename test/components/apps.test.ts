/** Several apps in one program: each has names, labels and a ledger of its own, and the default app's are those of before. */
import * as pulumi from "@pulumi/pulumi";
import { describeApp, WebApp } from "../../components/index.ts";
import { isOf, labels, ownedBy, type Owner, stem } from "../../release/labels.ts";
import { type Release, readPast } from "../../release/ledger.ts";
import { OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { temporaryFolder } from "../support/folders.ts";
import { declare, type DeclareOptions } from "../support/program.ts";
import { labelsOf, stepInput } from "../support/values.ts";

const SHOP: Owner = { ...OWNER, app: "shop" };
const SECRETS = { secrets: { pin: "1" } };
const home = process.cwd();
beforeEach(() => process.chdir(temporaryFolder({ "site/Dockerfile": "FROM scratch" })));
afterEach(() => process.chdir(home));

/** A program with these apps, each of which has all that there is. */
const declareApps = (apps: readonly string[], config: Parameters<typeof describeApp>[1] = {}, options: DeclareOptions = {}) =>
  declare(
    async () => {
      jest.spyOn(pulumi.log, "info").mockResolvedValue(undefined);
      const more = {
        build: { context: "site" },
        accessories: [{ name: "cache", kind: "redis" as const }],
        migration: { command: ["migrate"] },
        smokeTest: { command: ["try"] },
        workers: [{ name: "mail", command: ["mail"] }],
      };
      const made = await Promise.all(
        apps.map(async (app) => [app, new WebApp(app, await describeApp(app, { ...more, ...SECRETS, ...config }))] as const),
      );
      return Object.fromEntries(made.map(([app, { outputs }]) => [app, outputs]));
    },
    { previous: {}, ...options },
  );

describe("what belongs to a named app", () => {
  test("carries its name as a label, and the default app's things carry none", () => {
    expect(labels(SHOP, "web")).toEqual({ "berth.project": "berth", "berth.stack": "dev", "berth.app": "shop", "berth.part": "web" });
    expect(labels(OWNER, "web")).toEqual({ "berth.project": "berth", "berth.stack": "dev", "berth.part": "web" });
    expect([stem(SHOP), stem(OWNER)]).toEqual(["berth-dev-shop", "berth-dev"]);
  });

  test("is found by its label, and nothing of it is taken for the default app's", () => {
    expect(ownedBy(SHOP, "berth.part=web").label).toEqual(["berth.project=berth", "berth.stack=dev", "berth.app=shop", "berth.part=web"]);
    expect(ownedBy(OWNER).label).toEqual(["berth.project=berth", "berth.stack=dev"]);
    const [shops, own] = [{ Labels: labels(SHOP, "web") }, { Labels: labels(OWNER, "web") }];
    expect([isOf(OWNER)(shops), isOf(OWNER)(own), isOf(OWNER)({ Labels: null })]).toEqual([false, true, true]);
    expect([isOf(SHOP)(shops), isOf(SHOP)(own)]).toEqual([true, false]);
  });

  test("has the label wherever there are labels, in containers, networks, volumes, images and jobs", async () => {
    const { resources } = await declareApps(["shop", "blog"]);
    for (const { name, type, inputs } of resources) {
      const [app = ""] = name.split("-");
      if (type.startsWith("docker:") && inputs["labels"]) expect(labelsOf(inputs["labels"])).toHaveProperty(["berth.app"], app);
    }
    const built = resources.find(({ name }) => name === "shop-image-build")?.inputs;
    expect(built).toMatchObject({ build: { label: { "berth.app": "shop" } } });
    const job = resources.find(({ name }) => name === "shop-migration-run")?.inputs ?? {};
    expect(stepInput(job)).toMatchObject({
      job: { spec: { Labels: { "berth.app": "shop" } } },
      snapshot: { owner: SHOP, service: "shop" },
    });
    expect(job["environment"]).toMatchObject({ PROJECT: "berth", STACK: "dev", APP: "shop", JOB: "migration" });
  });

  test("is called by its name where a name is fixed", async () => {
    const program = await declareApps(["shop", "blog"]);
    expect(program.get("shop-accessory-cache-container").inputs["name"]).toBe("berth-dev-shop-cache");
    expect(program.get("blog-image-build").inputs["name"]).toMatch(/^berth-dev-blog:[0-9a-f]{12}$/);
    expect(program.get("blog-image-cleanup").inputs["environment"]).toMatchObject({ APP: "blog", REPOSITORY: "berth-dev-blog" });
    expect(stepInput(program.get("shop-web-secrets-files").inputs)).toMatchObject({ owner: SHOP });
    expect(stepInput(program.get("shop-route-switch").inputs)).toMatchObject({
      owner: SHOP,
      service: "shop",
      smokeTest: { container: expect.stringContaining("berth-dev-shop-smoke-test-") as string },
    });
    const { job, snapshot } = stepInput(program.get("shop-migration-run").inputs) as {
      job: { container: string };
      snapshot: { volumes: { copy: string }[] };
    };
    expect([job.container, snapshot.volumes[0]?.copy]).toEqual([
      expect.stringMatching(/^berth-dev-shop-migration-/),
      expect.stringMatching(/^berth-dev-shop-copy-data-/),
    ]);
  });
});

describe("the ledger of a named app", () => {
  const first = releaseOf({ name: "aaaaaaaaaaaa", image: "sha256:first" });
  const previous = {
    shop: pulumi.secret({ releases: [first], dataVolumes: ["old"], accessories: {}, key: "k" }),
    blog: pulumi.secret({ releases: [], dataVolumes: [], accessories: {} }),
  };

  test("is the output of its name, and nobody else's", async () => {
    const read: Record<string, unknown> = {};
    await declare(async () => void Object.assign(read, { shop: await readPast("shop"), blog: await readPast("blog") }), { previous });
    expect(read).toMatchObject({
      shop: { releases: [{ name: "aaaaaaaaaaaa" }], dataVolumes: ["old"], key: "k" },
      blog: { releases: [], key: undefined },
    });
  });

  test("is empty before the first update, and in the outputs after it", async () => {
    const { outputs } = await declareApps(["shop", "blog"]);
    const { shop, blog } = outputs as Record<string, { releases: Release[]; release: string }>;
    expect([shop?.releases, blog?.releases].map((releases) => releases?.map(({ name }) => name))).toEqual([
      [shop?.release],
      [blog?.release],
    ]);
  });

  test("brings back a release of its own by the argument `release`, without a build", async () => {
    const program = await declareApps(["shop"], { release: "aaaaaaaaaaaa" }, { previous });
    expect(program.resources.map(({ name }) => name)).not.toContain("shop-image-build");
    expect(program.get("shop-web-1").inputs["image"]).toBe("sha256:first");
    await expect(declareApps(["blog"], { release: "aaaaaaaaaaaa" }, { previous })).rejects.toThrow(
      'berth:release is "aaaaaaaaaaaa", which is not in the ledger',
    );
  });
});

test.each(["Shop", "", "shop/1", "1st", "a".repeat(32)])("%j is no name of an app", async (app) => {
  await expect(declareApps([app])).rejects.toThrow(`"${app}" cannot be the name of an app`);
});

test("a wrong value is told with its app", async () => {
  await expect(declareApps(["shop"], { port: 0 })).rejects.toThrow(/^app shop: [^]*berth:port is 0/);
});

describe("the engine that the steps work on", () => {
  const environments = async (host?: string) => {
    const settings = settingsOf({
      ...SECRETS,
      tls: { acme: true },
      hosts: ["example.com"],
      migration: { command: ["migrate"] },
      accessories: [{ name: "cache", kind: "redis" }],
    });
    const { resources } = await declare(
      () =>
        void new WebApp("app", {
          owner: OWNER,
          settings,
          release: { ...releaseOf(), secrets: ["pin"] },
          ledger: [],
          secrets: { pin: { base64: "MQ==" } },
          host,
        }),
    );
    return resources
      .filter(({ type }) => type === "command:local:Command")
      .map(({ name, inputs }) => [name, inputs["environment"] as Record<string, string> | undefined] as const);
  };

  test.each([
    ["is the one that is named", "ssh://me@host", { DOCKER_HOST: "ssh://me@host" }],
    ["is else the one of the environment, and of no Docker context", undefined, { DOCKER_CONTEXT: "default" }],
  ])("%s, for each but the one that makes a key", async (_what, host, wanted) => {
    for (const [name, environment] of await environments(host)) {
      const { DOCKER_HOST, DOCKER_CONTEXT } = environment ?? {};
      expect([name, { ...(DOCKER_HOST && { DOCKER_HOST }), ...(DOCKER_CONTEXT && { DOCKER_CONTEXT }) }]).toEqual([
        name,
        name === "app-key-random" ? {} : wanted,
      ]);
    }
  });
});
