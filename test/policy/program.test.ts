import type { Release } from "../../release/ledger.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { type Config, releaseOf } from "../support/configuration.ts";
import { temporaryFolder } from "../support/folders.ts";
import type { Program } from "../support/program.ts";
import { wholeProgram } from "../support/wholeProgram.ts";
import { containerRules } from "./containerRules.ts";
import { violations } from "./rule.ts";
import { clashes, noPlainSecret, stackRules } from "./stackRules.ts";

jest.mock("../../preflight/hold.ts", () => ({ holdStack: () => Promise.resolve() }));
jest.mock("../../preflight/preflight.ts", () => ({ checkEngine: () => Promise.resolve({ files: {}, processors: 4, images: new Map() }) }));

const SECRETS = { pin: "sentinel-pin", "db.password": "sentinel-password" };
const KEY_PART = KEY.split("\n")[1] ?? "";
const RULES = [
  ...containerRules,
  ...stackRules,
  noPlainSecret([...Object.values(SECRETS).flatMap((value) => [value, btoa(value)]), KEY_PART]),
];

const earlier = releaseOf({ name: "aaaaaaaaaaaa", secrets: ["pin"], settings: { ...releaseOf().settings, replicas: 3 } });

/** What Berth is used as: configuration, stack and the releases before. */
const USES: Record<string, { readonly config: Config; readonly stack: string; readonly releases?: readonly Release[] }> = {
  "dev without configuration": { config: {}, stack: "dev" },
  "prod with all there is": {
    stack: "prod",
    config: {
      port: 80,
      replicas: 3,
      resources: { cpus: 10, memory: "1G", pids: 100 },
      drain: "0s",
      secrets: SECRETS,
      env: { GREETING: "hello" },
      volumes: [
        { name: "data", target: "/data" },
        { name: "uploads", target: "/uploads" },
      ],
      binds: [{ source: "/srv/files", target: "/files" }],
      maintenance: "Back soon",
      hosts: ["example.com"],
      workers: [
        { name: "mail", command: ["mail"], replicas: 2 },
        { name: "queue", command: ["queue"], healthcheck: ["alive"] },
      ],
      migration: { command: ["migrate"] },
      smokeTest: { command: ["smoke"] },
      bake: "20s",
      accessories: [
        { name: "database", kind: "postgres" },
        { name: "cache", kind: "redis" },
      ],
    },
  },
  "an app that allows one writer": {
    config: {
      strategy: "recreate",
      secrets: SECRETS,
      workers: [{ name: "mail", command: ["mail"] }],
      migration: { command: ["migrate"] },
      smokeTest: { command: ["smoke"] },
      bake: "20s",
    },
    stack: "dev",
  },
  "a canary beside the live release": { config: { canary: {}, secrets: SECRETS }, stack: "dev", releases: [earlier] },
  "HTTPS with its own certificate": { config: { hosts: ["example.com"], tls: { certificate: CERTIFICATE, key: KEY } }, stack: "prod" },
  "HTTPS by ACME": { config: { hosts: ["example.com"], tls: { acme: true } }, stack: "prod" },
  "a release that is brought back": {
    config: { release: "aaaaaaaaaaaa", secrets: SECRETS },
    stack: "dev",
    releases: [releaseOf(), earlier],
  },
  "the next of many releases": { config: { secrets: SECRETS, keepReleases: 1 }, stack: "dev", releases: [earlier, releaseOf()] },
};

const home = process.cwd();
let programs: Record<string, Program>;
beforeAll(async () => {
  process.chdir(temporaryFolder({ "app/Dockerfile": "FROM scratch" }));
  programs = {};
  for (const [use, { config, stack, releases }] of Object.entries(USES)) programs[use] = await wholeProgram(config, releases, { stack });
});
afterAll(() => process.chdir(home));

describe.each(Object.keys(USES))("%s", (use) => {
  test.each(RULES)("$name", (rule) => {
    expect(programs[use]?.resources.length).toBeGreaterThan(10);
    expect(violations(rule, programs[use]?.resources ?? [])).toEqual([]);
  });
});

test("dev and prod on one engine take no name from each other", () => {
  expect(clashes(programs["dev without configuration"]?.resources ?? [], programs["prod with all there is"]?.resources ?? [])).toEqual([]);
});

test("the names on the engine tell the stack", () => {
  const names = programs["prod with all there is"]?.resources.map(({ name }) => name) ?? [];
  expect(names.filter((name) => !name.startsWith("berth-prod"))).toEqual([]);
});
