import type { Release } from "../../components/ledger.ts";
import { nextRelease } from "../../components/ledger.ts";
import { urlOf, WebApp, type WebAppArgs } from "../../components/webApp.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { type Config, OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { declare, type DeclareOptions } from "../support/program.ts";
import { Secret, stepInput } from "../support/values.ts";

const CONTENT = "3f9a1c2b7d4e";
const ORIGIN = { time: "2026-01-02T03:04:05.000Z" };
const BUILD = { context: "app", dockerfile: "Dockerfile", args: {} };

/** The app that this configuration makes, as index.ts would. */
function declareApp({ config = {}, args = {}, ...options }: Omit<DeclareOptions, "config"> & { config?: Config; args?: Partial<WebAppArgs> } = {}) {
  const settings = settingsOf(config);
  const ledger = args.ledger ?? [];
  const release = args.release ?? nextRelease(ledger, CONTENT, settings, ORIGIN);
  return declare(() => {
    const app = new WebApp("app", { owner: OWNER, settings, release, ledger, build: BUILD, ...args });
    return { url: app.url, image: app.image, replicas: app.replicas, volumes: app.volumes, releases: app.releases };
  }, options);
}

const partsOf = (program: Awaited<ReturnType<typeof declareApp>>) =>
  program.resources.filter(({ parent }) => parent === "app").map(({ type, name }) => [type.replace("berth:index:", ""), name]).sort();

test("an app is made of these parts, each its own", async () => {
  expect(partsOf(await declareApp())).toEqual([
    ["AppImage", "app-image"],
    ["DataVolume", "app-data"],
    ["Gateway", "app-gateway"],
    ["HealthGate", "app-gate"],
    ["Prune", "app-prune"],
    ["Replicas", "app-web"],
    ["Route", "app-route"],
  ]);
});

test("secrets add their files, named by the release so that an old replica keeps its old values to the end", async () => {
  const parts = partsOf(await declareApp({ config: { secrets: { pin: "1" } } }));
  expect(parts).toHaveLength(8);
  expect(parts).toContainEqual(["SecretFiles", `app-secrets-${CONTENT}`]);
});

test("recreate adds the hold", async () => {
  const parts = partsOf(await declareApp({ config: { strategy: "recreate" } }));
  expect(parts).toHaveLength(8);
  expect(parts).toContainEqual(["Hold", "app-hold"]);
});

describe("the order of a release", () => {
  test("is image, replicas, gate, switch, prune; the replicas also wait for network, data and secrets", async () => {
    const program = await declareApp({ config: { secrets: { pin: "1" } } });
    const replica = program.before("app-web-1");
    for (const name of ["app-image-build", "app-gateway-network", "app-data-volume", `app-secrets-${CONTENT}-files`]) expect(replica).toContain(name);
    for (const name of ["app-web-1", "app-web-2", "app-gateway-proxy"]) expect(program.before("app-gate-probe")).toContain(name);
    for (const name of ["app-gate-probe", "app-web-pids"]) expect(program.before("app-route-switch")).toContain(name);
    expect(program.before("app-prune-images")).toContain("app-route-switch");
  });

  test("lets the gateway start while the image is built", async () => {
    const gateway = (await declareApp()).before("app-gateway-proxy");
    expect([...gateway].filter((name) => !name.startsWith("app-gateway"))).toEqual(["app"]);
  });

  test("is create-first for blue-green", async () => {
    expect((await declareApp()).get("app-web-1").options.deleteBeforeReplace).toBe(false);
  });

  test("for recreate holds the requests first, then deletes the old replica before the new one", async () => {
    const program = await declareApp({ config: { strategy: "recreate" } });
    expect(program.get("app-web-1").options.deleteBeforeReplace).toBe(true);
    expect(program.before("app-web-1")).toContain("app-hold-pause");
    expect(program.before("app-hold-pause")).toContain("app-gateway-proxy");
  });

  test("for recreate holds again when, and only when, a replica changes", async () => {
    const reasonFor = async (config: Config) => (stepInput((await declareApp({ config: { strategy: "recreate", ...config } })).get("app-hold-pause").inputs) as { because: string }).because;
    const before = await reasonFor({});
    expect(await reasonFor({ port: 9000, maintenance: "Back soon" })).toBe(before);
    expect(await reasonFor({ env: { A: "1" } })).not.toBe(before);
  });
});

describe("a release that is brought back", () => {
  const earlier = releaseOf({ settings: { ...settingsOf().next, replicas: 3, env: { OLD: "1" } }, image: "sha256:old" });
  const live = releaseOf({ name: "ffffffffffff", image: "sha256:live" });
  const bringBack = () => declareApp({ args: { release: earlier, ledger: [live, earlier], build: undefined } });

  test("builds nothing, and runs as it was: image, replicas, environment", async () => {
    const program = await bringBack();
    expect(program.resources.filter(({ type }) => type === "docker:index/remoteImage:RemoteImage").map(({ name }) => name)).toEqual(["app-gateway-image"]);
    expect(program.get("app-web-3").inputs).toMatchObject({ image: "sha256:old" });
    expect(program.get("app-web-3").inputs["envs"]).toContain("OLD=1");
  });

  test("is on top of the ledger, and the image of the one before is kept", async () => {
    const program = await bringBack();
    expect((program.outputs["releases"] as Release[]).map(({ name, image }) => [name, image])).toEqual([[CONTENT, "sha256:old"], ["ffffffffffff", "sha256:live"]]);
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
    expect(stepInput(program.get("app-prune-images").inputs)).toMatchObject({ keep: [`berth-dev:${CONTENT}`, "berth-dev:aaaaaaaaaaaa", "berth-dev:bbbbbbbbbbbb"] });
  });

  test("keep the secrets of every release secret", async () => {
    const { outputs } = await declareApp({ config: { secrets: { pin: "new-value" } }, args: { ledger: [releaseOf({ name: "aaaaaaaaaaaa", secrets: { pin: "old-value" } })] } });
    expect((outputs["releases"] as { secrets: unknown }[]).map(({ secrets }) => secrets)).toEqual([new Secret({ pin: "new-value" }), new Secret({ pin: "old-value" })]);
    for (const { secrets } of outputs["releases"] as { secrets: unknown }[]) expect(secrets).toBeInstanceOf(Secret);
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
