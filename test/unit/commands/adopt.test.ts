import { matchOf } from "../../../commands/adopt/match.ts";
import { pastOf } from "../../../commands/adopt/past.ts";
import { adoptable, ordered, type Preview, type Resource, secret } from "../../../commands/adopt/resources.ts";
import { UNKNOWN } from "../../../stack/events.ts";
import type { Past } from "../../../release/ledger.ts";
import { doneBefore, doneWords } from "../../../steps/job.ts";
import { container, declared, labelled, preview, provider, thing, things, urn } from "../../support/adoption.ts";

const AUTO = { __defaults: ["name"] };
const WEB = { "berth.part": "web", "berth.release": "r1" };

describe("a resource is found on the engine", () => {
  const web = { ...AUTO, name: "berth-dev-web-1-fffffff", ...labelled(WEB) };

  test("by its own name, which the engine's name begins with, and by its labels", () => {
    const containers = [
      container("berth-dev-web-10-aaaaaaa", WEB),
      container("berth-dev-web-1-aaaaaaa", { ...WEB, "berth.release": "r0" }),
      container("berth-dev-web-1-bbbbbbb", { ...WEB, "berth.more": "1" }),
    ];
    expect(matchOf(declared("Container", "berth-dev-web-1", web), things({ containers }))).toMatchObject({
      id: "id-berth-dev-web-1-bbbbbbb",
    });
    expect(matchOf(declared("Container", "berth-dev-web-3", web), things({ containers }))).toBeUndefined();
  });

  test("by the name that the program gives it", () => {
    const inputs = { __defaults: [], name: "database" };
    expect(
      matchOf(
        declared("Container", "berth-dev-db", inputs),
        things({ containers: [container("database-aaaaaaa", {}), container("database", {})] }),
      ),
    ).toMatchObject({ name: "database" });
  });

  test("as the one that serves, where another one was left over", () => {
    const volumes = [thing("berth-dev-data-aaaaaaa", {}, false), thing("berth-dev-data-bbbbbbb")];
    expect(matchOf(declared("Volume", "berth-dev-data", { ...AUTO, name: "x" }), things({ volumes }))).toMatchObject({
      name: "berth-dev-data-bbbbbbb",
    });
  });

  test("an image by its name and tag", () => {
    const image = declared("RemoteImage", "berth-dev-image-build", { name: "berth-dev:r1" });
    expect(matchOf(image, things({ images: { "berth-dev:r1": "sha256:aaaa" } }))).toEqual({
      id: "sha256:aaaaberth-dev:r1",
      name: "berth-dev:r1",
    });
    expect(matchOf(image, things({}))).toBeUndefined();
  });

  test("nothing that the engine knows nothing of", () => {
    expect(
      matchOf(declared("Command", "berth-dev-gate", { ...AUTO }), things({ containers: [container("berth-dev-gate-aaaaaaa", {})] })),
    ).toBeUndefined();
  });
});

describe("the entries of a record", () => {
  const SAID = { key: "abc", job: doneWords(["r1"]) };
  const rest = (all: readonly Resource[]) => all.filter(({ type }) => !type.startsWith("pulumi:"));
  const of = (what: Preview, known: readonly Resource[] = [], on = things({}), said: { key: string | undefined; job: string } = SAID) =>
    adoptable(what, known, on, said, (name) => `${name}0123`);

  test("have the engine's id and name, the plan's inputs, and providers with an id", () => {
    const network = declared(
      "Network",
      "berth-dev-network",
      { ...AUTO, name: "berth-dev-network-fffffff" },
      { parent: urn("berth:index:Gateway", "gw") },
    );
    const [docker, command, made] = of(preview(network), [], things({ networks: [thing("berth-dev-network-1234567")] }));
    const inputs = { ...AUTO, name: "berth-dev-network-1234567" };
    expect([docker, command]).toMatchObject([
      { urn: provider("docker"), id: "0123", inputs: { version: "1.0.0" } },
      { urn: provider("command") },
    ]);
    expect(made).toEqual({
      ...network,
      id: "id-berth-dev-network-1234567",
      inputs,
      outputs: inputs,
      provider: `${provider("docker")}::0123`,
    });
  });

  test("are made once: neither what the record has, nor what would only change, nor what is not there", () => {
    const volume = declared("Volume", "berth-dev-data", { ...AUTO, name: "x" });
    const on = things({ volumes: [thing("berth-dev-data-1234567")] });
    const known = of(preview(volume), [], on);
    expect(of(preview(volume), known, on)).toEqual([]);
    expect(rest(of({ ...preview(volume), steps: [{ op: "update", urn: volume.urn, newState: volume }] }, [], on))).toEqual([]);
    expect(rest(of(preview(volume)))).toEqual([]);
  });

  test("wait for what they depend on, whose name the next preview knows", () => {
    const network = declared("Network", "berth-dev-network", { ...AUTO, name: "x" });
    const web = declared(
      "Container",
      "berth-dev-web-1",
      { ...AUTO, name: "x", ...labelled(WEB) },
      { propertyDependencies: { networksAdvanced: [network.urn], image: [] } },
    );
    const on = things({ networks: [thing("berth-dev-network-1234567")], containers: [container("berth-dev-web-1-1234567", WEB)] });
    const first = of(preview(network, web), [], on);
    expect(rest(first).map(({ urn: made }) => made)).toEqual([network.urn]);
    expect(of(preview(web), first, on)).toMatchObject([{ urn: web.urn, id: "id-berth-dev-web-1-1234567" }]);
  });

  test("of a component need nothing from the engine", () => {
    const component = { ...declared("berth:index:Gateway", "gw", {}), custom: false, stackTrace: [{}], sourcePosition: "x" };
    const [entry] = of(preview(component)).filter(({ custom }) => !custom);
    expect(Object.keys(entry ?? {}).sort()).toEqual(["custom", "inputs", "provider", "type", "urn"]);
  });

  test("of a step that ran have the plan's secrets, and what it printed", () => {
    const key = declared("Command", "berth-dev-key", { create: "node steps/key.ts" });
    const job = declared("Command", "berth-dev-job", { create: "node steps/job.ts", stdin: "[secret]" });
    const stdin = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
    const what = preview(key, job);
    const [madeKey, madeJob] = rest(of({ ...what, plan: { ...what.plan, [job.urn]: { goal: { inputDiff: { adds: { stdin } } } } } }));
    expect(madeKey).toMatchObject({ id: "berth-dev-key0123", outputs: { stdout: secret("abc"), stderr: "" } });
    expect(madeJob).toMatchObject({ inputs: { create: "node steps/job.ts", stdin }, outputs: { stdin, stdout: "done for releases: r1" } });
    expect(doneBefore(String(madeJob?.outputs?.["stdout"]))).toEqual(["r1"]);
  });

  test("of the key are left out where nobody knows it: an update makes a new one", () => {
    expect(
      rest(of(preview(declared("Command", "berth-dev-key", { create: "node steps/key.ts" })), [], things({}), { ...SAID, key: undefined })),
    ).toEqual([]);
  });

  test("of a step that filled a volume name the one that is mounted where a container declares it", () => {
    const files = declared("Command", "berth-dev-secrets", { create: "node steps/secrets.ts" });
    const mounts = [
      { source: "data", target: "/data" },
      { source: UNKNOWN, target: "/run/secrets" },
    ];
    const web = declared(
      "Container",
      "berth-dev-web-1",
      { ...AUTO, name: "x", mounts, ...labelled(WEB) },
      { propertyDependencies: { mounts: [files.urn] } },
    );
    const on = (volumes: Record<string, string>) => things({ containers: [container("berth-dev-web-1-1234567", WEB, { volumes })] });
    expect(rest(of(preview(files, web), [], on({ "/data": "data", "/run/secrets": "berth-dev-secrets-1" })))).toMatchObject([
      { urn: files.urn, outputs: { stdout: "berth-dev-secrets-1" } },
    ]);
    expect(rest(of(preview(files, web), [], on({})))).toEqual([]);
  });
});

test("a record has each entry after what it needs, and names nothing that it has not", () => {
  const parent: Resource = { urn: "parent", type: "berth:index:Gateway", custom: false };
  const other: Resource = { urn: "other", type: "command:local:Command", custom: true };
  const child: Resource = {
    urn: "child",
    type: "command:local:Command",
    custom: true,
    parent: "parent",
    provider: "provider::id",
    dependencies: ["gone", "other"],
  };
  const its: Resource = { urn: "provider", type: "pulumi:providers:command", custom: true };
  expect(ordered([child, other, its, parent])).toEqual([parent, its, other, { ...child, dependencies: ["other"] }]);
});

describe("the past", () => {
  const settings = { replicas: 2, accessories: ["db"] };
  const web = container("web-1", { ...WEB, "berth.settings": JSON.stringify(settings), "berth.secrets": '{"pin":"0123","db-url":"4567"}' });
  const data = [thing("data-1", { "berth.part": "data", "berth.volume": "data" }), thing("state-1", { "berth.part": "gateway" })];
  const entry = (name: string) => ({ name, settings, secrets: [], time: "2026-11-01T00:00:00Z" }) as unknown as Past["releases"][number];

  test("is the record's, with every data volume that is there", () => {
    const record = { releases: [entry("r1"), entry("r0")], dataVolumes: ["uploads"], accessories: {}, key: "abc" };
    expect(pastOf(record, things({ containers: [web], volumes: data }))).toEqual({ ...record, dataVolumes: ["data", "uploads"] });
  });

  test("is made up from what serves where there is no record, or an older one", () => {
    const live = { name: "r1", image: "sha256:aaaa", settings, secrets: ["pin"], time: "2026-11-28T10:00:00Z" };
    expect(pastOf(undefined, things({ containers: [web] }))).toEqual({
      releases: [live],
      dataVolumes: [],
      accessories: {},
      key: undefined,
    });
    expect(pastOf({ releases: [entry("r0")], dataVolumes: [], accessories: {} }, things({ containers: [web] }))).toMatchObject({
      releases: [live, { name: "r0" }],
    });
  });

  test("has the live release on top, also where a canary serves beside it", () => {
    const canary = { ...web, name: "berth-dev-canary-web-1-ccccccc", labels: { ...web.labels, "berth.release": "r2" } };
    expect(pastOf({ releases: [entry("r1")], dataVolumes: [], accessories: {} }, things({ containers: [canary, web] })).releases).toEqual([
      entry("r1"),
    ]);
  });

  test("has no release on top that does not serve", () => {
    expect(pastOf(undefined, things({ containers: [{ ...web, serves: false }], volumes: data }))).toEqual({
      releases: [],
      dataVolumes: ["data"],
      accessories: {},
      key: undefined,
    });
  });
});
