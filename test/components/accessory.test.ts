import { Accessory, containerName } from "../../components/accessory.ts";
import { recordAccessories, refuseJumps, refuseMissing } from "../../release/accessoryRecord.ts";
import { REPLACE_ON_CHANGES } from "../../components/hardening.ts";
import { derived } from "../../release/keyed.ts";
import * as pulumi from "@pulumi/pulumi";
import { type Config, OWNER, settingsOf } from "../support/configuration.ts";
import { declare } from "../support/program.ts";
import { Secret, stepInput } from "../support/values.ts";

const KEY = "0123";
const PASSWORD = derived(KEY, "accessory/database/password");

function declareAccessory(config: Config = {}) {
  const [settings] = settingsOf({ accessories: [{ name: "database", kind: "postgres", ...config }] }).accessories;
  if (!settings) throw new Error("no accessory");
  return declare(() => {
    const accessory = new Accessory("db", { owner: OWNER, settings, key: pulumi.secret(KEY), network: "net", volume: "data-1" });
    return { url: accessory.url };
  });
}

test("an accessory is its image, its secrets, one container, a limit of its processes, and the wait until it serves", async () => {
  const { resources } = await declareAccessory();
  expect(resources.map(({ type, name, parent }) => [type, name, parent]).sort()).toEqual([
    ["berth:index:Accessory", "db", ""],
    ["command:local:Command", "db-files", "db"],
    ["command:local:Command", "db-pids", "db"],
    ["command:local:Command", "db-ready", "db"],
    ["docker:index/container:Container", "db-container", "db"],
    ["docker:index/remoteImage:RemoteImage", "db-image", "db"],
  ]);
});

test("PostgreSQL runs hardened, under a name of its own in the network, with its data and its password file", async () => {
  const program = await declareAccessory({ version: "15.8", resources: { memory: "1G" } });
  expect(program.get("db-image").inputs).toEqual({ name: "postgres:15.8-bookworm", keepLocally: true });
  expect(program.get("db-container").inputs).toMatchObject({
    name: "berth-dev-database",
    image: "sha256:db-image",
    user: "999:999",
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    memory: 1024,
    labels: expect.arrayContaining([
      { label: "berth.part", value: "accessory" },
      { label: "berth.accessory", value: "database" },
    ]) as unknown,
    mounts: [
      { type: "volume", source: "data-1", target: "/var/lib/postgresql/data", readOnly: false },
      { type: "volume", source: "stdout-of-db-files", target: "/run/secrets", readOnly: true },
      { type: "volume", source: "stdout-of-db-files", target: "/docker-entrypoint-initdb.d", readOnly: true },
    ],
    networksAdvanced: [{ name: "net", aliases: ["database"] }],
    stopSignal: "SIGINT",
    destroyGraceSeconds: 60,
  });
});

test("Redis keeps what it is told, with a password", async () => {
  const program = await declareAccessory({ name: "cache", kind: "redis" });
  expect(program.get("db-container").inputs).toMatchObject({
    name: "berth-dev-cache",
    command: ["redis-server", "/run/secrets/redis.conf"],
    mounts: [{ target: "/data" }, { target: "/run/secrets" }],
  });
  const { value } = program.get("db-files").inputs["stdin"] as Secret;
  const { base64 = "" } = (JSON.parse(String(value)) as Record<string, { base64: string }>)["redis.conf"] ?? {};
  expect(Buffer.from(base64, "base64").toString()).toMatch(/^requirepass [0-9a-f]{64}$[^]*^appendonly yes$/m);
});

test("its one container goes before another comes, because the data have one writer", async () => {
  expect((await declareAccessory()).get("db-container").options).toMatchObject({
    deleteBeforeReplace: true,
    replaceOnChanges: REPLACE_ON_CHANGES,
  });
});

test("the password is made of the stack's key, reaches container and app as secrets, and stands nowhere in clear", async () => {
  const program = await declareAccessory();
  expect(program.outputs["url"]).toEqual(new Secret(`postgres://app:${PASSWORD}@database:5432/app`));
  expect(program.get("db-files").inputs["stdin"]).toBeInstanceOf(Secret);
  const plain = program.resources.map(({ inputs }) => JSON.stringify(inputs, (key, value: unknown) => (key === "stdin" ? "" : value)));
  expect(plain.join("\n")).not.toContain(PASSWORD);
});

test("it is waited for by what the app would do, and again for each new container", async () => {
  const program = await declareAccessory();
  expect(stepInput(program.get("db-ready").inputs)).toMatchObject({
    accessory: "database",
    container: "berth-dev-database",
    id: "db-container-id",
    deadline: 120,
    check: ["sh", "-c", expect.stringContaining("SELECT 1")],
  });
  expect(program.before("db-ready")).toContain("db-container");
});

describe("what wrote the data", () => {
  const nameOf = (accessory: string) => containerName(OWNER, accessory);
  const configured = (version: string, kind = "postgres") => settingsOf({ accessories: [{ name: "database", kind, version }] }).accessories;
  const past = recordAccessories({}, nameOf, configured("15"));

  test("is remembered, also once the accessory is gone", () => {
    expect(past).toEqual({ database: { kind: "postgres", version: "15", container: "berth-dev-database" } });
    expect(recordAccessories(past, nameOf, [])).toEqual({ database: { kind: "postgres", version: "15", container: null } });
  });

  test.each(["15", "15.8"])("may go on as %s", (version) => {
    expect(() => refuseJumps(past, configured(version))).not.toThrow();
  });

  test.each([
    ["16", "postgres"],
    ["14", "postgres"],
    ["7", "redis"],
  ])("refuses to become %s of %s before anything is touched, with the way there", (version, kind) => {
    expect(() => refuseJumps(past, configured(version, kind))).toThrow(
      `berth:accessories[0] is ${kind} ${version}, but the data of database were written by postgres 15, and another major version does not read them. Put them into a second accessory of the new version, see docs/guides/database.md#upgrade`,
    );
    expect(() => refuseJumps(recordAccessories(past, nameOf, []), configured(version, kind))).toThrow("were written by postgres 15");
  });
});

test("a release that uses an accessory which is gone is not brought back without it", () => {
  const release = { name: "3f9a1c2b7d4e", settings: { accessories: ["database"] } };
  expect(() => refuseMissing(release, [])).toThrow(
    "release 3f9a1c2b7d4e uses the accessory database, which berth:accessories has no longer",
  );
  expect(() => refuseMissing({ ...release, settings: {} }, [])).not.toThrow();
});
