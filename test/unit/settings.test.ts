import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseSettings, readSettings } from "../../settings/settings.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { raw, settingsOf } from "../support/configuration.ts";

const MIB = 1024 ** 2;

describe("without any configuration", () => {
  const everywhere = {
    port: 8080,
    httpsPort: 443,
    hosts: [],
    accessories: [],
    keepReleases: 5,
    build: { dockerfile: "Dockerfile", args: {} },
    seeds: {},
    secrets: {},
    volumeBackups: [],
  };
  const release = {
    containerPort: 8080,
    replicas: 2,
    strategy: "blue-green",
    health: { path: "/up", interval: 1, timeout: 5, deadline: 60 },
    drain: 30,
    resources: { cpus: 1, memory: 512 * MIB, pids: 256 },
    user: "1000:1000",
    env: {},
    binds: [],
    workers: [],
  };

  test("the stack dev is open to this machine alone and keeps data", () => {
    expect(parseSettings({}, "dev")).toEqual({
      ...everywhere,
      bindAddress: "127.0.0.1",
      next: { ...release, volumes: [{ name: "data", target: "/data" }] },
    });
  });

  test.each(["prod", "staging", "Dev"])("the stack %s is open to all and keeps none", (stack) => {
    expect(parseSettings({}, stack)).toEqual({ ...everywhere, bindAddress: "0.0.0.0", next: { ...release, volumes: [] } });
  });
});

test("every key is read, with durations in seconds and sizes in bytes", () => {
  const settings = settingsOf({
    port: 80,
    httpsPort: 8443,
    bindAddress: "::1",
    hosts: ["example.com", "*.example.com"],
    tls: { certificate: CERTIFICATE, key: KEY },
    maintenance: "Back at noon",
    keepReleases: 1,
    release: "3f9a1c2b7d4e-2",
    build: { context: "site", dockerfile: "docker/Dockerfile", target: "final", args: { DEBUG: 1, NAME: "x" }, platform: "linux/arm/v7" },
    containerPort: 3000,
    replicas: 100,
    strategy: "blue-green",
    health: { path: "/health?deep=1", interval: "50ms", timeout: "1.5s", deadline: "1h" },
    drain: "1m30s",
    resources: { cpus: 0.3, memory: "1.5G", pids: 1 },
    user: "image",
    env: { GREETING: "hello", COUNT: 3, DEBUG: true, EMPTY: "" },
    secrets: {
      "db.password": "a",
      PIN: 1234,
      icon: { base64: "AP+A\nCg==\n" },
      token: { command: ["pass", "show", "token"] },
      slow: { command: ["op"], timeout: "1m" },
    },
    secretsFor: { web: ["PIN"], queue: [] },
    volumes: [
      {
        name: "notes",
        target: "/notes",
        backup: { schedule: "0 3 * * 1-5", keep: 3, preHook: ["hold"], postHook: ["release"], check: ["check"] },
        seed: { image: "/notes" },
      },
      { name: "old", target: "/old", existing: "old-1" },
      { name: "new", target: "/new", seed: "seed" },
      { name: "files", target: "/files", backup: {} },
    ],
    backups: { target: "s3:https://example.com/bucket", password: 12345678, credentials: { AWS_ACCESS_KEY_ID: "a" }, maxDrillAge: "168h" },
    binds: [
      { source: "/srv/a", target: "/a" },
      { source: "/srv/b", target: "/b", readOnly: false },
    ],
    tmpfs: [{ target: "/cache", size: "1G" }],
    workers: [
      { name: "mail", command: ["node", "mail.js"], replicas: 3, healthcheck: ["alive"] },
      { name: "queue", command: ["queue"] },
    ],
    accessories: [
      { name: "database", kind: "postgres", version: 16.1, resources: { memory: "1G" } },
      { name: "cache", kind: "redis" },
    ],
    bake: { duration: "1m", errors: 0.5, slowdown: 1.5, minRequests: 100 },
    migration: { command: ["migrate", "--all"], timeout: "10m" },
    smokeTest: { command: ["smoke"], timeout: "5s" },
    engine: "docker",
  });
  expect(settings).toEqual({
    port: 80,
    httpsPort: 8443,
    bindAddress: "::1",
    hosts: ["example.com", "*.example.com"],
    tls: { certificate: CERTIFICATE, key: KEY },
    maintenance: "Back at noon",
    keepReleases: 1,
    release: "3f9a1c2b7d4e-2",
    build: { context: "site", dockerfile: "docker/Dockerfile", target: "final", args: { DEBUG: "1", NAME: "x" }, platform: "linux/arm/v7" },
    next: {
      containerPort: 3000,
      replicas: 100,
      strategy: "blue-green",
      health: { path: "/health?deep=1", interval: 0.05, timeout: 1.5, deadline: 3600 },
      drain: 90,
      resources: { cpus: 0.3, memory: 1536 * MIB, pids: 1 },
      user: "image",
      env: { GREETING: "hello", COUNT: "3", DEBUG: "true", EMPTY: "" },
      volumes: [
        { name: "notes", target: "/notes" },
        { name: "old", target: "/old", existing: "old-1" },
        { name: "new", target: "/new" },
        { name: "files", target: "/files" },
      ],
      binds: [
        { source: "/srv/a", target: "/a", readOnly: true },
        { source: "/srv/b", target: "/b", readOnly: false },
      ],
      tmpfs: [{ target: "/cache", size: 1024 * MIB }],
      workers: [
        { name: "mail", command: ["node", "mail.js"], replicas: 3, healthcheck: ["alive"] },
        { name: "queue", command: ["queue"], replicas: 1 },
      ],
      accessories: ["cache", "database"],
      secretsFor: { web: ["PIN"], queue: [] },
    },
    accessories: [
      { name: "database", kind: "postgres", version: "16.1", resources: { cpus: 1, memory: 1024 * MIB, pids: 256 } },
      { name: "cache", kind: "redis", version: "7", resources: { cpus: 1, memory: 512 * MIB, pids: 256 } },
    ],
    backups: {
      target: "s3:https://example.com/bucket",
      password: "12345678",
      credentials: { AWS_ACCESS_KEY_ID: "a" },
      maxDrillAge: 604_800,
    },
    volumeBackups: [
      { volume: "notes", target: "/notes", schedule: "0 3 * * 1-5", keep: 3, preHook: ["hold"], postHook: ["release"], check: ["check"] },
      { volume: "files", target: "/files", keep: 7 },
    ],
    bake: { duration: 60, errors: 0.5, slowdown: 1.5, minRequests: 100 },
    migration: { command: ["migrate", "--all"], timeout: 600, snapshot: true },
    smokeTest: { command: ["smoke"], timeout: 5 },
    seeds: { notes: { image: "/notes" }, new: "seed" },
    secrets: {
      "db.password": { base64: "YQ==" },
      PIN: { base64: "MTIzNA==" },
      icon: { base64: "AP+ACg==" },
      token: { command: ["pass", "show", "token"], timeout: 30 },
      slow: { command: ["op"], timeout: 60 },
    },
  });
});

test("a part of an object leaves the rest of it at its defaults", () => {
  const { health, resources } = settingsOf({ health: { path: "/ready" }, resources: { memory: "64M" } }).next;
  expect(health).toEqual({ path: "/ready", interval: 1, timeout: 5, deadline: 60 });
  expect(resources).toEqual({ cpus: 1, memory: 64 * MIB, pids: 256 });
});

describe("baking", () => {
  const DEFAULT = { errors: 5, slowdown: 3, minRequests: 20 };

  test.each<[string, unknown, object | undefined]>([
    ["has a short form, which is its time", "20s", { ...DEFAULT, duration: 20 }],
    ["leaves each part that is not given at its default", { duration: "1m30s", errors: 0 }, { ...DEFAULT, duration: 90, errors: 0 }],
    ["is off where it has no time, whatever its limits", { errors: 1 }, undefined],
    ["is off with 0s, also in short", "0s", undefined],
  ])("%s", (_, bake, expected) => {
    expect(settingsOf({ bake }).bake).toEqual(expected);
  });

  test("belongs to the stack and not to a release", () => {
    expect(settingsOf({ bake: "20s" }).next).toEqual(settingsOf().next);
  });
});

test("a canary has one replica for five minutes unless said, and the limits of the bake", () => {
  expect(settingsOf({ canary: {} }).canary).toEqual({
    replicas: 1,
    promote: false,
    duration: 300,
    errors: 5,
    slowdown: 3,
    minRequests: 20,
  });
  expect(
    settingsOf({ canary: { replicas: 2, duration: "1m", promote: true, release: "3f9a1c2b7d4e" }, bake: { duration: "20s", errors: 1 } })
      .canary,
  ).toEqual({
    release: "3f9a1c2b7d4e",
    replicas: 2,
    promote: true,
    duration: 60,
    errors: 1,
    slowdown: 3,
    minRequests: 20,
  });
});

test("jobs take as long as they need within their time, which is shorter for a smoke test, and belong to no release", () => {
  const settings = settingsOf({ migration: { command: ["migrate"] }, smokeTest: { command: ["smoke"] } });
  expect([settings.migration, settings.smokeTest]).toEqual([
    { command: ["migrate"], timeout: 300, snapshot: true },
    { command: ["smoke"], timeout: 60 },
  ]);
  expect(settings.next).toEqual(settingsOf().next);
});

test("recreate, for an app that allows one writer, has one replica unless said", () => {
  expect(settingsOf({ strategy: "recreate" }).next.replicas).toBe(1);
});

test("an empty list of volumes means none, also in dev", () => {
  expect(settingsOf({ volumes: [] }).next.volumes).toEqual([]);
});

test.each([
  ["certificates by ACME", { tls: { acme: true }, hosts: ["example.com"] }, { acme: true }],
  [
    "certificates of one's own",
    { tls: { acme: false, certificate: CERTIFICATE, key: KEY }, hosts: ["a.example.com"] },
    { certificate: CERTIFICATE, key: KEY },
  ],
])("HTTPS with %s", (_, config, tls) => {
  expect(settingsOf(config).tls).toEqual(tls);
});

test.each(["0.1", "0.3", "0.7", "1.1", "2.3", "64", "98.9"])("%s CPUs are in steps of 0.1, whatever floating point says", (cpus) => {
  expect(settingsOf({ resources: { cpus: Number(cpus) } }).next.resources.cpus).toBe(Number(cpus));
});

test.each([
  "https://example.com/app.git#main:web",
  "git@example.com:me/app",
  "ssh://git@example.com/app",
  "git://example.com/app",
  "file:///srv/app.git",
  "http://example.com/app.tar.gz",
])("%s is a remote context", (remoteContext) => {
  expect(settingsOf({ build: { remoteContext } }).build).toEqual({ dockerfile: "Dockerfile", args: {}, remoteContext });
});

test.each(["/run/postgresql", "/var/www", "/home/me/files", "/srv", "/etcetera", "/data/docker.sock.d"])(
  "%s may be bound into a container",
  (source) => {
    expect(settingsOf({ binds: [{ source, target: "/files" }] }).next.binds[0]?.source).toBe(source);
  },
);

test("a text stays one, even where it looks like something else", () => {
  expect(settingsOf({ release: "123456789012", maintenance: "true" })).toMatchObject({ release: "123456789012", maintenance: "true" });
});

test("the example for production is a good configuration, also with what it has in comments", () => {
  const text = readFileSync("Pulumi.prod.yaml", "utf8");
  for (const variant of [text, text.replaceAll("# berth:", "berth:")]) {
    const { config } = parse(variant) as { config: Record<string, unknown> };
    const settings = settingsOf(
      Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("berth:", ""), value])),
      "prod",
    );
    expect(settings).toMatchObject({ port: 80, bindAddress: "0.0.0.0", next: { replicas: 3, health: { deadline: 90 } } });
    expect(settings.hosts).toHaveLength(variant === text ? 0 : 1);
  }
});

describe("the selected stack's configuration", () => {
  const secretKeys = process.env["PULUMI_CONFIG_SECRET_KEYS"];
  afterEach(() => {
    pulumi.runtime.setAllConfig({});
    if (secretKeys === undefined) delete process.env["PULUMI_CONFIG_SECRET_KEYS"];
    else process.env["PULUMI_CONFIG_SECRET_KEYS"] = secretKeys;
  });

  test("is what stands under berth:, and nothing else", async () => {
    await useStack("prod", { "berth:port": "81", "docker:host": "unix:///elsewhere.sock", "berth:secrets": '{"pin":"1"}' }, [
      "berth:secrets",
    ]);
    expect(readSettings()).toEqual(parseSettings(raw({ port: 81, secrets: { pin: "1" } }), "prod"));
  });

  test("is refused where it has a secret in plain text", async () => {
    await useStack("prod", { "berth:secrets": '{"pin":"1"}' }, []);
    expect(() => readSettings()).toThrow("berth:secrets.pin stands in the stack file in plain text");
  });

  async function useStack(stack: string, config: Record<string, string>, keys: string[]) {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "berth", stack);
    pulumi.runtime.setAllConfig(config, keys);
    process.env["PULUMI_CONFIG_SECRET_KEYS"] = JSON.stringify(keys);
  }
});
