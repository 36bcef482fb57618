import { generateKeyPairSync } from "node:crypto";
import { parseSettings } from "../../settings/settings.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { type Config, raw } from "../support/configuration.ts";

const SENTINEL = "hunter2-sentinel";
const OTHER_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
const PORT = "want a port from 1 to 65535. Fix: pulumi config set";
const HOST = "want a host name in small letters, without scheme, port and path. Fix: pulumi config set --path 'berth:hosts[0]' example.com";
const IN_CONTAINER = 'want an absolute path in the container, with no ".." in it. Fix: pulumi config set --path';
const ON_HOST = `want an absolute path on the engine's host, with no ".." in it. Fix: pulumi config set --path 'berth:binds[0].source' /srv/files`;
const USER = 'want a numeric uid[:gid] other than root, or "image". Fix: pulumi config set berth:user 1000:1000';
const DRAIN = "want a duration from 0s to 1h. Fix: pulumi config set berth:drain 30s";
const POWER = "which would give the container power over its host: choose a folder of your own";
const TLS = "want either {acme: true}, or both certificate and key in PEM form";
const NAME = "want letters, digits and _, not led by a digit. Remove it with: pulumi config rm --path";
const BAKE =
  "want a duration up to 24h, or an object with duration, errors, slowdown and minRequests. Fix: pulumi config rm berth:bake, then: pulumi config set --path berth:bake.duration 20s";
const COMMAND = "want a list of words. Fix: pulumi config set --path";
const KEEP =
  "want a whole number from 1 to 1000, or an object of such numbers with last, hourly, daily, weekly, monthly and yearly, not all of them 0. Fix: pulumi config set --path 'berth:volumes[0].backup.keep' 7";
const TARGET =
  "want an absolute path on the engine's host, or a repository of restic, such as s3:https://host/bucket. Fix: pulumi config set --path berth:backups.target /srv/backups";
const bind = (source: string) => ({ binds: [{ source, target: "/files" }] });

/** Configuration, and the one line that says what is wrong with it. */
const TABLE: [Config, string][] = [
  // ---- ports and addresses
  [{ port: 0 }, `berth:port is 0: ${PORT} berth:port 8080`],
  [{ port: 70000 }, `berth:port is 70000: ${PORT} berth:port 8080`],
  [{ port: "http" }, `berth:port is "http": ${PORT} berth:port 8080`],
  [{ port: 80.5 }, `berth:port is 80.5: ${PORT} berth:port 8080`],
  [{ httpsPort: -1 }, `berth:httpsPort is -1: ${PORT} berth:httpsPort 443`],
  [{ containerPort: true }, `berth:containerPort is true: ${PORT} berth:containerPort 8080`],
  [
    { bindAddress: "localhost" },
    'berth:bindAddress is "localhost": want an IP address. Fix: pulumi config set berth:bindAddress 127.0.0.1',
  ],
  [
    { bindAddress: "300.1.1.1" },
    'berth:bindAddress is "300.1.1.1": want an IP address. Fix: pulumi config set berth:bindAddress 127.0.0.1',
  ],
  // ---- the release and its replicas
  [{ replicas: 0 }, "berth:replicas is 0: want a whole number from 1 to 100. Fix: pulumi config set berth:replicas 2"],
  [{ replicas: 101 }, "berth:replicas is 101: want a whole number from 1 to 100. Fix: pulumi config set berth:replicas 2"],
  [{ replicas: 2.5 }, "berth:replicas is 2.5: want a whole number from 1 to 100. Fix: pulumi config set berth:replicas 2"],
  [
    { release: "latest" },
    'berth:release is "latest": want a release name from `npm run releases`. Fix: pulumi config set berth:release <release>',
  ],
  [{ strategy: "rolling" }, 'berth:strategy is "rolling": want blue-green or recreate. Fix: pulumi config set berth:strategy blue-green'],
  [
    { maintenance: "" },
    "berth:maintenance is \"\": want a message of 1 to 500 characters. Fix: pulumi config set berth:maintenance 'Back at noon'",
  ],
  [
    { maintenance: "x".repeat(501) },
    `berth:maintenance is "${"x".repeat(59)}… (503 characters): want a message of 1 to 500 characters. Fix: pulumi config set berth:maintenance 'Back at noon'`,
  ],
  [{ keepReleases: "all" }, 'berth:keepReleases is "all": want a whole number from 1 to 100. Fix: pulumi config set berth:keepReleases 5'],
  [{ user: "root" }, `berth:user is "root": ${USER}`],
  [{ user: 0 }, `berth:user is "0": ${USER}`],
  [{ user: "node" }, `berth:user is "node": ${USER}`],
  // ---- durations, sizes and limits
  [{ drain: 30 }, `berth:drain is "30": ${DRAIN}`],
  [{ drain: "2h" }, `berth:drain is "2h": ${DRAIN}`],
  [{ drain: "-1s" }, `berth:drain is "-1s": ${DRAIN}`],
  [
    { health: "/up" },
    'berth:health is "/up": want an object with path, interval, timeout and deadline. Fix: pulumi config rm berth:health, then: pulumi config set --path berth:health.path /up',
  ],
  [
    { health: { path: "up" } },
    'berth:health.path is "up": want a path that starts with "/" and has no blanks. Fix: pulumi config set --path berth:health.path /up',
  ],
  [
    { health: { interval: 1 } },
    "berth:health.interval is 1: want a duration from 50ms to 60s. Fix: pulumi config set --path berth:health.interval 1s",
  ],
  [
    { health: { timeout: "5 s" } },
    'berth:health.timeout is "5 s": want a duration from 100ms to 60s. Fix: pulumi config set --path berth:health.timeout 5s',
  ],
  [
    { health: { deadline: "2h" } },
    'berth:health.deadline is "2h": want a duration from 1s to 1h. Fix: pulumi config set --path berth:health.deadline 60s',
  ],
  [
    { resources: { cpus: 0.15 } },
    "berth:resources.cpus is 0.15: want a number of CPUs from 0.1 to 99 in steps of 0.1. Fix: pulumi config set --path berth:resources.cpus 1",
  ],
  [
    { resources: { memory: 512 } },
    'berth:resources.memory is 512: want a size of at least 6M, such as "512M" or "1G". Fix: pulumi config set --path berth:resources.memory 512M',
  ],
  [
    { resources: { memory: "1M" } },
    'berth:resources.memory is "1M": want a size of at least 6M, such as "512M" or "1G". Fix: pulumi config set --path berth:resources.memory 512M',
  ],
  [
    { resources: { pids: 0 } },
    "berth:resources.pids is 0: want a whole number from 1 to 1000000. Fix: pulumi config set --path berth:resources.pids 256",
  ],
  // ---- accessories
  [
    { accessories: {} },
    "berth:accessories is {}: want a list of {name, kind, version, resources, backup}. Fix: pulumi config rm berth:accessories, then: pulumi config set --path 'berth:accessories[0].name' database",
  ],
  [
    { accessories: [{ name: "Database", kind: "postgres" }] },
    "berth:accessories[0].name is \"Database\": want at most 26 of a-z, 0-9 and -, led by a letter. Fix: pulumi config set --path 'berth:accessories[0].name' database",
  ],
  [
    { accessories: [{ name: "database" }] },
    "berth:accessories[0].kind is missing: want postgres or redis. Fix: pulumi config set --path 'berth:accessories[0].kind' postgres",
  ],
  [
    { accessories: [{ name: "database", kind: "mysql" }] },
    "berth:accessories[0].kind is \"mysql\": want postgres or redis. Fix: pulumi config set --path 'berth:accessories[0].kind' postgres",
  ],
  [
    { accessories: [{ name: "database", kind: "postgres", version: "latest" }] },
    'berth:accessories[0].version is "latest": want a version such as "15" or "15.8". Fix: pulumi config set --path \'berth:accessories[0].version\' 15',
  ],
  [
    { accessories: [{ name: "database", kind: "postgres", port: 5432 }] },
    "berth:accessories[0].port is not a known key: known are name, kind, version, resources, backup. Remove it with: pulumi config rm --path 'berth:accessories[0].port'",
  ],
  [
    {
      accessories: [
        { name: "a", kind: "postgres" },
        { name: "a", kind: "redis" },
      ],
    },
    "berth:accessories[0].name and berth:accessories[1].name are both a: give each a name of its own",
  ],
  [
    { accessories: [{ name: "db", kind: "postgres" }], secrets: { "db-url": "x" } },
    "berth:secrets has db-url, which Berth makes for the accessory db: rename one of them",
  ],
  [
    { accessories: [{ name: "db", kind: "postgres" }], volumes: [{ name: "db-data", target: "/data" }] },
    "berth:volumes has db-data, which is the volume of the accessory db: rename one of them",
  ],
  // ---- how a release proves good
  [{ bake: "soon" }, `berth:bake is "soon": ${BAKE}`],
  [{ bake: "25h" }, `berth:bake is "25h": ${BAKE}`],
  [{ bake: 20 }, `berth:bake is 20: ${BAKE}`],
  [
    { bake: { duration: "-1s" } },
    'berth:bake.duration is "-1s": want a duration from 0s to 24h. Fix: pulumi config set --path berth:bake.duration 20s',
  ],
  [
    { bake: { errors: 101 } },
    "berth:bake.errors is 101: want a share in percent from 0 to 100. Fix: pulumi config set --path berth:bake.errors 5",
  ],
  [
    { bake: { errors: "5%" } },
    'berth:bake.errors is "5%": want a share in percent from 0 to 100. Fix: pulumi config set --path berth:bake.errors 5',
  ],
  [
    { bake: { slowdown: -1 } },
    "berth:bake.slowdown is -1: want a factor from 0 (off) to 1000. Fix: pulumi config set --path berth:bake.slowdown 3",
  ],
  [
    { bake: { minRequests: 0 } },
    "berth:bake.minRequests is 0: want a whole number from 1 to 1000. Fix: pulumi config set --path berth:bake.minRequests 20",
  ],
  [
    { bake: { error: 5 } },
    "berth:bake.error is not a known key: did you mean berth:bake.errors? Remove it with: pulumi config rm --path berth:bake.error",
  ],
  [
    { canary: true },
    "berth:canary is true: want an object with release, replicas, duration and promote. Fix: pulumi config rm berth:canary, then: pulumi config set --path berth:canary.replicas 1",
  ],
  [
    { canary: { release: "latest" } },
    'berth:canary.release is "latest": want a release name from `npm run releases`. Fix: pulumi config set --path berth:canary.release <release>',
  ],
  [
    { canary: { replicas: 0 } },
    "berth:canary.replicas is 0: want a whole number from 1 to 100. Fix: pulumi config set --path berth:canary.replicas 1",
  ],
  [
    { canary: { duration: 300 } },
    "berth:canary.duration is 300: want a duration from 0s to 24h. Fix: pulumi config set --path berth:canary.duration 5m",
  ],
  [
    { canary: { promote: "yes" } },
    'berth:canary.promote is "yes": want true or false. Fix: pulumi config set --path berth:canary.promote true',
  ],
  [
    { canary: {}, strategy: "recreate" },
    "berth:canary needs two releases at work at once, but berth:strategy is recreate, for an app that allows one writer: remove one of them",
  ],
  // ---- workers and jobs
  [
    { workers: "mail" },
    "berth:workers is \"mail\": want a list of {name, command, replicas, healthcheck}. Fix: pulumi config rm berth:workers, then: pulumi config set --path 'berth:workers[0].name' mail",
  ],
  [
    { workers: ["mail"] },
    "berth:workers[0] is \"mail\": want an object with name, command, replicas and healthcheck. Fix: pulumi config rm --path 'berth:workers[0]', then: pulumi config set --path 'berth:workers[0].name' mail",
  ],
  [
    { workers: [{ command: ["mail"] }] },
    "berth:workers[0].name is missing: want at most 31 of a-z, 0-9 and -, led by a letter. Fix: pulumi config set --path 'berth:workers[0].name' mail",
  ],
  [
    { workers: [{ name: "Mail", command: ["mail"] }] },
    "berth:workers[0].name is \"Mail\": want at most 31 of a-z, 0-9 and -, led by a letter. Fix: pulumi config set --path 'berth:workers[0].name' mail",
  ],
  [{ workers: [{ name: "mail" }] }, `berth:workers[0].command is missing: ${COMMAND} 'berth:workers[0].command[0]' <word>`],
  [
    { workers: [{ name: "mail", command: [] }] },
    `berth:workers[0].command is []: want a list of words. Fix: pulumi config rm --path 'berth:workers[0].command', then: pulumi config set --path 'berth:workers[0].command[0]' <word>`,
  ],
  [
    { workers: [{ name: "mail", command: "node mail.js" }] },
    `berth:workers[0].command is "node mail.js": want a list of words. Fix: pulumi config rm --path 'berth:workers[0].command', then: pulumi config set --path 'berth:workers[0].command[0]' <word>`,
  ],
  [
    { workers: [{ name: "mail", command: ["node", 1] }] },
    "berth:workers[0].command[1] is 1: want a text. Fix: pulumi config set --path 'berth:workers[0].command[1]' <word>",
  ],
  [
    { workers: [{ name: "mail", command: ["mail"], replicas: 0 }] },
    "berth:workers[0].replicas is 0: want a whole number from 1 to 100. Fix: pulumi config set --path 'berth:workers[0].replicas' 1",
  ],
  [
    { workers: [{ name: "mail", command: ["mail"], healthcheck: "alive" }] },
    `berth:workers[0].healthcheck is "alive": want a list of words. Fix: pulumi config rm --path 'berth:workers[0].healthcheck', then: pulumi config set --path 'berth:workers[0].healthcheck[0]' <word>`,
  ],
  [
    { workers: [{ name: "mail", cmd: "x", command: ["mail"] }] },
    "berth:workers[0].cmd is not a known key: known are name, command, replicas, healthcheck. Remove it with: pulumi config rm --path 'berth:workers[0].cmd'",
  ],
  [
    {
      workers: [
        { name: "a", command: ["x"] },
        { name: "b", command: ["x"] },
        { name: "a", command: ["y"] },
      ],
    },
    "berth:workers has two of the name a: give each a name of its own",
  ],
  [
    { migration: "migrate" },
    "berth:migration is \"migrate\": want an object with command, timeout and snapshot. Fix: pulumi config rm berth:migration, then: pulumi config set --path 'berth:migration.command[0]' migrate",
  ],
  [{ migration: { timeout: "60s" } }, `berth:migration.command is missing: ${COMMAND} 'berth:migration.command[0]' <word>`],
  [
    { migration: { command: ["migrate"], timeout: 60 } },
    "berth:migration.timeout is 60: want a duration from 1s to 24h. Fix: pulumi config set --path berth:migration.timeout 300s",
  ],
  [
    { migration: { command: ["migrate"], timeout: "0s" } },
    'berth:migration.timeout is "0s": want a duration from 1s to 24h. Fix: pulumi config set --path berth:migration.timeout 300s',
  ],
  [
    { migration: { command: ["migrate"], snapshot: "no" } },
    'berth:migration.snapshot is "no": want true or false. Fix: pulumi config set --path berth:migration.snapshot true',
  ],
  [
    { smokeTest: ["smoke"] },
    "berth:smokeTest is [\"smoke\"]: want an object with command and timeout. Fix: pulumi config rm berth:smokeTest, then: pulumi config set --path 'berth:smokeTest.command[0]' smoke-test",
  ],
  [
    { smokeTest: { command: [""] } },
    "berth:smokeTest.command[0] is \"\": want a text. Fix: pulumi config set --path 'berth:smokeTest.command[0]' <word>",
  ],
  [
    { smokeTest: { command: ["smoke"], timeout: "25h" } },
    'berth:smokeTest.timeout is "25h": want a duration from 1s to 24h. Fix: pulumi config set --path berth:smokeTest.timeout 60s',
  ],
  // ---- environment and secrets
  [
    { env: "A=1" },
    'berth:env is "A=1": want names and values. Fix: pulumi config rm berth:env, then: pulumi config set --path berth:env.NAME <value>',
  ],
  [{ env: { "1A": "x" } }, `berth:env has the name "1A": ${NAME} berth:env.1A`],
  [
    { env: { A: { b: 1 } } },
    'berth:env.A is {"b":1}: want a text, a number, true or false. Fix: pulumi config set --path berth:env.A <value>',
  ],
  [{ env: { PORT: "1" } }, "berth:env.PORT is set by Berth itself: set berth:containerPort instead"],
  [{ env: { BERTH_REPLICA: "1" } }, "berth:env.BERTH_REPLICA is set by Berth itself: choose another name"],
  [
    { secrets: SENTINEL },
    "berth:secrets has a value that does not fit: want names and values. Fix: pulumi config rm berth:secrets, then: pulumi config set --secret --path berth:secrets.NAME <value>",
  ],
  [
    { secrets: { "a/b": SENTINEL } },
    `berth:secrets has the name "a/b": want at most 100 letters, digits, ., _ and -. Remove it with: pulumi config rm --path 'berth:secrets["a/b"]'`,
  ],
  [
    { secrets: { "..": SENTINEL } },
    `berth:secrets has the name "..": want at most 100 letters, digits, ., _ and -. Remove it with: pulumi config rm --path 'berth:secrets[".."]'`,
  ],
  [
    { secrets: { a: [SENTINEL] } },
    "berth:secrets.a has a value that does not fit: want a text, {base64: …} for bytes that are none, or {command: […]} for a program that prints it. Fix: pulumi config set --secret --path berth:secrets.a <value>",
  ],
  [
    { secrets: { a: { base64: `${SENTINEL}!` } } },
    "berth:secrets.a.base64 has a value that does not fit: want bytes in Base64. Fix: pulumi config set --secret --path berth:secrets.a.base64 <value>",
  ],
  [
    { secrets: { a: { command: [] } } },
    "berth:secrets.a.command has a value that does not fit: want a list of words. Fix: pulumi config rm --path berth:secrets.a.command, then: pulumi config set --path 'berth:secrets.a.command[0]' <word>",
  ],
  [
    { secrets: { a: { command: ["pass"], timeout: "1h" } } },
    "berth:secrets.a.timeout has a value that does not fit: want a duration from 1s to 5m. Fix: pulumi config set --path berth:secrets.a.timeout 30s",
  ],
  [
    { secrets: { a: { base46: SENTINEL } } },
    "berth:secrets.a has base46: want a text, {base64: …} for bytes that are none, or {command: […]} for a program that prints it. Fix: pulumi config set --secret --path berth:secrets.a <value>",
  ],
  [
    { secrets: { a: "1" }, workers: [{ name: "mail", command: ["x"] }], secretsFor: { mial: ["a"] } },
    "berth:secretsFor.mial is for a process that is not there: did you mean mail? Remove it with: pulumi config rm --path berth:secretsFor.mial",
  ],
  [
    { secrets: { a: "1" }, build: { secrets: ["b"] } },
    "berth:build.secrets[0] is b, which is no secret of this stack: pulumi config set --secret --path berth:secrets.b <value>, or remove it with: pulumi config rm --path 'berth:build.secrets[0]'",
  ],
  [
    { secrets: { a: "1" }, secretsFor: { web: ["a", "b"] } },
    "berth:secretsFor.web[1] is b, which is no secret of this stack: pulumi config set --secret --path berth:secrets.b <value>, or remove it with: pulumi config rm --path 'berth:secretsFor.web[1]'",
  ],
  // ---- volumes and binds
  [
    { volumes: "data:/data" },
    "berth:volumes is \"data:/data\": want a list of {name, target, existing, seed}. Fix: pulumi config rm berth:volumes, then: pulumi config set --path 'berth:volumes[0].name' data",
  ],
  [
    { volumes: ["data:/data"] },
    "berth:volumes[0] is \"data:/data\": want an object with name and target. Fix: pulumi config rm --path 'berth:volumes[0]', then: pulumi config set --path 'berth:volumes[0].name' data",
  ],
  [{ volumes: [{ name: "data" }] }, `berth:volumes[0].target is missing: ${IN_CONTAINER} 'berth:volumes[0].target' /data`],
  [{ volumes: [{ name: "data", target: "data" }] }, `berth:volumes[0].target is "data": ${IN_CONTAINER} 'berth:volumes[0].target' /data`],
  [
    { volumes: [{ name: "My data", target: "/data" }] },
    "berth:volumes[0].name is \"My data\": want at most 31 of a-z, 0-9 and -, led by a letter. Fix: pulumi config set --path 'berth:volumes[0].name' data",
  ],
  [
    {
      volumes: [
        { name: "a", target: "/a" },
        { name: "a", target: "/b" },
      ],
    },
    "berth:volumes[0].name and berth:volumes[1].name are both a: give each volume its own name",
  ],
  [
    { volumes: [{ name: "a", target: "/files/" }], ...bind("/srv") },
    "berth:volumes[0].target and berth:binds[0].target are both /files: change one of them",
  ],
  [{ volumes: [{ name: "a", target: "/" }] }, "berth:volumes[0].target is /, which would hide the whole image: choose a folder below it"],
  [
    { volumes: [{ name: "a", target: "/tmp" }] },
    "berth:volumes[0].target is /tmp, but /tmp and /run/secrets are Berth's own: choose another folder",
  ],
  [
    { binds: [{ source: "/srv", target: "/run/secrets/x" }] },
    "berth:binds[0].target is /run/secrets/x, but /tmp and /run/secrets are Berth's own: choose another folder",
  ],
  [
    { binds: { source: "/a" } },
    'berth:binds is {"source":"/a"}: want a list of {source, target, readOnly}. Fix: pulumi config rm berth:binds, then: pulumi config set --path \'berth:binds[0].source\' /srv/files',
  ],
  [
    { binds: [{ source: "/a", target: "/b", readOnly: "no" }] },
    "berth:binds[0].readOnly is \"no\": want true or false. Fix: pulumi config set --path 'berth:binds[0].readOnly' true",
  ],
  [
    { tmpfs: "/cache" },
    "berth:tmpfs is \"/cache\": want a list of {target, size}. Fix: pulumi config rm berth:tmpfs, then: pulumi config set --path 'berth:tmpfs[0].target' /cache",
  ],
  [
    { tmpfs: [{ target: "/cache" }] },
    'berth:tmpfs[0].size is missing: want a size of at least 1M, such as "64M" or "1G". Fix: pulumi config set --path \'berth:tmpfs[0].size\' 64M',
  ],
  [
    { tmpfs: [{ target: "/cache", size: "64K" }] },
    'berth:tmpfs[0].size is "64K": want a size of at least 1M, such as "64M" or "1G". Fix: pulumi config set --path \'berth:tmpfs[0].size\' 64M',
  ],
  [{ tmpfs: [{ target: "cache", size: "64M" }] }, `berth:tmpfs[0].target is "cache": ${IN_CONTAINER} 'berth:tmpfs[0].target' /cache`],
  [
    { tmpfs: [{ target: "/run/secrets", size: "1M" }] },
    "berth:tmpfs[0].target is /run/secrets, but /tmp and /run/secrets are Berth's own: choose another folder",
  ],
  [
    { tmpfs: [{ target: "/files", size: "1M" }], ...bind("/srv") },
    "berth:binds[0].target and berth:tmpfs[0].target are both /files: change one of them",
  ],
  [
    { tmpfs: [{ target: "/cache", size: "1G" }] },
    "berth:tmpfs[0].size (1024M) is above berth:resources.memory (512M), which it is taken from: lower the first or raise the second",
  ],
  [
    { volumes: [{ name: "a", target: "/a", existing: "a b" }] },
    "berth:volumes[0].existing is \"a b\": want the name of a volume on the engine. Fix: pulumi config set --path 'berth:volumes[0].existing' <volume>",
  ],
  [
    { volumes: [{ name: "a", target: "/a", seed: "" }] },
    "berth:volumes[0].seed is \"\": want a folder in the project, or {image: /path}. Fix: pulumi config set --path 'berth:volumes[0].seed' seed",
  ],
  [
    { volumes: [{ name: "a", target: "/a", seed: { image: "x" } }] },
    "berth:volumes[0].seed.image is \"x\": want a folder in the project, or {image: /path}. Fix: pulumi config set --path 'berth:volumes[0].seed.image' seed",
  ],
  [
    { volumes: [{ name: "a", target: "/a", existing: "old", seed: "seed" }] },
    "berth:volumes[0] has both existing (old) and seed, which is for a new volume: remove one of them",
  ],
  [
    {
      volumes: [
        { name: "a", target: "/a", existing: "old" },
        { name: "b", target: "/b", existing: "old" },
      ],
    },
    "berth:volumes[0].existing and berth:volumes[1].existing are both old: mount it once",
  ],
  [bind("files"), `berth:binds[0].source is "files": ${ON_HOST}`],
  [bind("/srv/../etc"), `berth:binds[0].source is "/srv/../etc": ${ON_HOST}`],
  [bind("/"), `berth:binds[0].source is /, ${POWER}`],
  [bind("//etc//ssl/"), `berth:binds[0].source is //etc//ssl/, ${POWER}`],
  [bind("/var/run"), `berth:binds[0].source is /var/run, ${POWER}`],
  [bind("/run/user/1000/docker.sock"), `berth:binds[0].source is /run/user/1000/docker.sock, ${POWER}`],
  // ---- the build
  [
    { build: "app" },
    'berth:build is "app": want an object with context, dockerfile and more. Fix: pulumi config rm berth:build, then: pulumi config set --path berth:build.context app',
  ],
  [
    { build: { context: "" } },
    'berth:build.context is "": want a folder in the project. Fix: pulumi config set --path berth:build.context app',
  ],
  [
    { build: { dockerfile: 1 } },
    "berth:build.dockerfile is 1: want a file in the context. Fix: pulumi config set --path berth:build.dockerfile Dockerfile",
  ],
  [
    { build: { target: "a b" } },
    'berth:build.target is "a b": want the name of a stage. Fix: pulumi config set --path berth:build.target final',
  ],
  [
    { build: { args: ["A=1"] } },
    'berth:build.args is ["A=1"]: want names and values. Fix: pulumi config rm --path berth:build.args, then: pulumi config set --path berth:build.args.VERSION 1',
  ],
  [{ build: { args: { "a-b": "1" } } }, `berth:build.args has the name "a-b": ${NAME} berth:build.args.a-b`],
  [
    { build: { platform: "amd64" } },
    'berth:build.platform is "amd64": want linux/<architecture>. Fix: pulumi config set --path berth:build.platform linux/amd64',
  ],
  [
    { build: { remoteContext: "example.com/a" } },
    "berth:build.remoteContext is \"example.com/a\": want the URL of a Git repository (#branch:folder) or of a tar archive. Fix: pulumi config set --path berth:build.remoteContext 'https://example.com/app.git#main'",
  ],
  [
    { build: { context: "app", remoteContext: "https://example.com/a.git" } },
    "berth:build has both context (app) and remoteContext: remove one of them",
  ],
  // ---- hosts and HTTPS
  [
    { hosts: "example.com" },
    "berth:hosts is \"example.com\": want a list of host names. Fix: pulumi config rm berth:hosts, then: pulumi config set --path 'berth:hosts[0]' example.com",
  ],
  [{ hosts: ["https://example.com"] }, `berth:hosts[0] is "https://example.com": ${HOST}`],
  [{ hosts: ["Example.com"] }, `berth:hosts[0] is "Example.com": ${HOST}`],
  [{ hosts: ["example.com:8080"] }, `berth:hosts[0] is "example.com:8080": ${HOST}`],
  [{ tls: true }, `berth:tls has a value that does not fit: ${TLS}`],
  [{ tls: {} }, `berth:tls is empty: ${TLS}`],
  [{ tls: { certificate: CERTIFICATE }, hosts: ["example.com"] }, `berth:tls has certificate: ${TLS}`],
  [{ tls: { acme: true, key: KEY }, hosts: ["example.com"] }, `berth:tls has acme and key: ${TLS}`],
  [
    { tls: { certificate: CERTIFICATE, key: SENTINEL }, hosts: ["example.com"] },
    'berth:tls.key has a value that does not fit: want a key in PEM form, led by "-----BEGIN". Fix: pulumi config set --secret --path berth:tls.key < key.pem',
  ],
  [{ tls: { acme: true } }, "berth:tls needs host names: pulumi config set --path 'berth:hosts[0]' example.com"],
  [
    { tls: { acme: true }, hosts: ["*.example.com"] },
    "berth:hosts has *.example.com, for which tls.acme gets no certificate: name each host, or give berth:tls a certificate and key",
  ],
  [{ tls: { acme: true }, hosts: ["example.com"], port: 443 }, "berth:port and berth:httpsPort are both 443: change one of them"],
  [
    { tls: { certificate: `-----BEGIN ${SENTINEL}`, key: KEY }, hosts: ["example.com"] },
    "berth:tls.certificate cannot be read: want a certificate in PEM form. Fix: pulumi config set --path berth:tls.certificate < certificate.pem",
  ],
  [
    { tls: { certificate: CERTIFICATE, key: `-----BEGIN ${SENTINEL}` }, hosts: ["example.com"] },
    "berth:tls.key cannot be read: want a private key in PEM form that needs no password. Fix: pulumi config set --secret --path berth:tls.key < key.pem",
  ],
  [
    { tls: { certificate: CERTIFICATE, key: OTHER_KEY }, hosts: ["example.com"] },
    "berth:tls.key does not belong to berth:tls.certificate: pulumi config set --secret --path berth:tls.key < key.pem",
  ],
  [
    { tls: { certificate: CERTIFICATE, key: KEY }, hosts: ["*.example.com", "other.org"] },
    "berth:tls.certificate is not for other.org of berth:hosts (it is for DNS:example.com, DNS:*.example.com): get one for all hosts, or remove the host",
  ],
  // ---- keys that do not go together
  [
    { strategy: "recreate", replicas: 3 },
    "berth:strategy is recreate, for an app that allows one writer, but berth:replicas is 3: pulumi config set berth:replicas 1",
  ],
  [
    { health: { timeout: "30s", deadline: "10s" } },
    "berth:health.timeout (30s) is above berth:health.deadline (10s): lower the first or raise the second",
  ],
  // ---- keys that are not known, or not yet
  [{ prot: 80 }, "berth:prot is not a known key: did you mean berth:port? Remove it with: pulumi config rm berth:prot"],
  [{ PORT: 80 }, "berth:PORT is not a known key: did you mean berth:port? Remove it with: pulumi config rm berth:PORT"],
  [
    { healthcheck: {} },
    "berth:healthcheck is not a known key: did you mean berth:health? Remove it with: pulumi config rm berth:healthcheck",
  ],
  [
    { color: "red" },
    "berth:color is not a known key: known are port, httpsPort, bindAddress, containerPort, replicas, release, strategy, maintenance, bake, canary, health, drain, resources, user, workers, migration, smokeTest, env, secrets, secretsFor, volumes, accessories, backups, binds, tmpfs, build, keepReleases, hosts, tls, engine. Remove it with: pulumi config rm berth:color",
  ],
  [
    { health: { pth: "/up" } },
    "berth:health.pth is not a known key: did you mean berth:health.path? Remove it with: pulumi config rm --path berth:health.pth",
  ],
  [
    { binds: [{ source: "/a", target: "/b", readonly: true }] },
    "berth:binds[0].readonly is not a known key: did you mean berth:binds[0].readOnly? Remove it with: pulumi config rm --path 'berth:binds[0].readonly'",
  ],
  [
    { volumes: [{ name: "a", target: "/a", size: "1G" }] },
    "berth:volumes[0].size is not a known key: known are name, target, existing, seed, backup. Remove it with: pulumi config rm --path 'berth:volumes[0].size'",
  ],
  [
    { tls: { cert: CERTIFICATE } },
    "berth:tls.cert is not a known key: did you mean berth:tls.certificate? Remove it with: pulumi config rm --path berth:tls.cert",
  ],
  [{ registry: "example.com" }, "berth:registry is not supported yet: pulumi config rm berth:registry"],
  [{ engine: "swarm" }, 'berth:engine is "swarm": want docker (swarm is not supported yet). Fix: pulumi config set berth:engine docker'],
  // ---- backups
  [
    { volumes: [{ name: "a", target: "/a", backup: {} }] },
    "there is to be a backup of volume a, and nowhere to put it: pulumi config set --path berth:backups.target /srv/backups",
  ],
  [
    { volumes: [{ name: "a", target: "/a", backup: true }] },
    "berth:volumes[0].backup is true: want an object with schedule, keep, preHook, postHook and check. Fix: pulumi config rm --path 'berth:volumes[0].backup', then: pulumi config set --path 'berth:volumes[0].backup.keep' 7",
  ],
  [{ volumes: [{ name: "a", target: "/a", backup: { keep: 0 } }] }, `berth:volumes[0].backup.keep is 0: ${KEEP}`],
  [{ volumes: [{ name: "a", target: "/a", backup: { keep: { daily: 0 } } }] }, `berth:volumes[0].backup.keep is {"daily":0}: ${KEEP}`],
  [
    { volumes: [{ name: "a", target: "/a", backup: { keep: { fortnightly: 2 } } }] },
    `berth:volumes[0].backup.keep is {"fortnightly":2}: ${KEEP}`,
  ],
  ...["daily", "0 3 * *", "61 3 * * *", "0 0 30 2 *", "0 0 3 * * *"].map((schedule): [Config, string] => [
    { volumes: [{ name: "a", target: "/a", backup: { schedule } }] },
    `berth:volumes[0].backup.schedule is "${schedule}": want a cron expression of five fields. Fix: pulumi config set --path 'berth:volumes[0].backup.schedule' '0 3 * * *'`,
  ]),
  [
    { volumes: [{ name: "a", target: "/a", backup: { preHook: "dump" } }] },
    `berth:volumes[0].backup.preHook is "dump": ${COMMAND.replace("Fix: ", "Fix: pulumi config rm --path 'berth:volumes[0].backup.preHook', then: ")} 'berth:volumes[0].backup.preHook[0]' <word>`,
  ],
  [{ backups: { target: "backups", password: SENTINEL } }, `berth:backups.target has a value that does not fit: ${TARGET}`],
  [
    { backups: { target: "sftp:me@host:backups", password: SENTINEL } },
    "berth:backups.target is reached by SSH, which takes a key and the server's own key: pulumi config set --secret --path berth:backups.ssh.key < id_ed25519, and pulumi config set --path berth:backups.ssh.knownHosts < known_hosts with what ssh-keyscan prints",
  ],
  [
    { backups: { target: "/srv/backups", password: SENTINEL, ssh: { key: KEY, knownHosts: "host ssh-ed25519 AAAA" } } },
    "berth:backups.ssh is for a target that begins with sftp:, and it is /srv/backups: pulumi config rm --path berth:backups.ssh",
  ],
  [
    { backups: { target: "sftp:me@host:backups", password: SENTINEL, ssh: { key: SENTINEL, knownHosts: "host ssh-ed25519 AAAA" } } },
    'berth:backups.ssh.key has a value that does not fit: want a key in PEM form, led by "-----BEGIN". Fix: pulumi config set --secret --path berth:backups.ssh.key < id_ed25519',
  ],
  [
    { backups: { target: "sftp:me@host:backups", password: SENTINEL, ssh: { key: KEY, knownHosts: "host" } } },
    "berth:backups.ssh.knownHosts has a value that does not fit: want lines of a known_hosts file, as ssh-keyscan prints them. Fix: pulumi config set --path berth:backups.ssh.knownHosts < known_hosts",
  ],
  [{ backups: { target: "/srv/../etc", password: SENTINEL } }, `berth:backups.target has a value that does not fit: ${TARGET}`],
  [
    { backups: { target: "/srv/backups", password: "short" } },
    "berth:backups.password has a value that does not fit: want a text of at least 8 characters. Fix: pulumi config set --secret --path berth:backups.password <value>",
  ],
  [
    { backups: { target: "/srv/backups", password: "longenough", maxDrillAge: "7d" } },
    "berth:backups.maxDrillAge has a value that does not fit: want a duration from 1m to 8784h. Fix: pulumi config set --path berth:backups.maxDrillAge 168h",
  ],
  [
    { backups: { target: "/srv/backups" } },
    "berth:backups.password is missing: want a text of at least 8 characters. Fix: pulumi config set --secret --path berth:backups.password <value>",
  ],
];

const messageOf = (config: Config, secretKeys?: readonly string[]): string => {
  try {
    parseSettings(raw(config, secretKeys), "dev");
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};

test.each(TABLE.map(([config, line]) => ({ config, line })))("is refused: $line", ({ config, line }) => {
  expect(messageOf(config)).toBe(`${line} (stack dev; nothing was changed)`);
  expect(line).not.toContain(SENTINEL);
});

describe("what the stack file keeps in plain text or encrypted", () => {
  const OPEN = "is encrypted, but would not stay a secret in the containers and the stack's state: pulumi config rm";

  const table: [Config, string[], string][] = [
    [
      { secrets: { pin: SENTINEL } },
      [],
      "berth:secrets.pin stands in the stack file in plain text: pulumi config set --secret --path berth:secrets.pin <value>",
    ],
    [
      { backups: { target: "/srv/backups", password: SENTINEL } },
      [],
      "berth:backups.password stands in the stack file in plain text: pulumi config set --secret --path berth:backups.password <value>",
    ],
    [
      { secrets: { "db.pin": SENTINEL } },
      [],
      `berth:secrets["db.pin"] stands in the stack file in plain text: pulumi config set --secret --path 'berth:secrets["db.pin"]' <value>`,
    ],
    [
      { tls: { certificate: CERTIFICATE, key: KEY }, hosts: ["example.com"] },
      [],
      "berth:tls.key stands in the stack file in plain text: pulumi config set --secret --path berth:tls.key < key.pem",
    ],
    [
      { env: { TOKEN: SENTINEL } },
      ["env"],
      "berth:env has an encrypted value, but the environment of a container can be read by all who can use the engine: " +
        "pulumi config set --secret --path berth:secrets.<name> <value>, let the app read /run/secrets/<name>, and set berth:env without --secret",
    ],
    [{ build: { args: { TOKEN: SENTINEL } } }, ["build"], `berth:build ${OPEN} berth:build, then set it without --secret`],
    [{ maintenance: SENTINEL }, ["maintenance"], `berth:maintenance ${OPEN} berth:maintenance, then set it without --secret`],
    [{ port: SENTINEL }, ["port"], `berth:port has a value that does not fit: ${PORT} berth:port 8080`],
  ];

  test("is refused: each of several", () => {
    const message = messageOf(
      { backups: { target: "sftp:me@host:backups", password: SENTINEL, ssh: { key: KEY, knownHosts: "host ssh-ed25519 AAAA" } } },
      [],
    );
    for (const name of ["password stands", "ssh.key stands"])
      expect(message).toContain(`\n  berth:backups.${name} in the stack file in plain text: pulumi config set --secret --path`);
  });

  test.each(table.map(([config, secretKeys, line]) => ({ config, secretKeys, line })))(
    "is refused: $line",
    ({ config, secretKeys, line }) => {
      expect(messageOf(config, secretKeys)).toBe(`${line} (stack dev; nothing was changed)`);
      expect(line).not.toContain(SENTINEL);
    },
  );

  test("each plain secret has a line of its own", () => {
    expect(
      messageOf({ secrets: { a: "1", b: "2" } }, [])
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(" ")[0]),
    ).toEqual(["berth:secrets.a", "berth:secrets.b"]);
  });

  test("a program that prints a secret may stand there for everyone to read", () => {
    expect(messageOf({ secrets: { a: { command: ["pass", "show", "a"] } } }, [])).toBe("accepted");
  });

  test("an empty map of secrets, as removing the last one leaves it, is fine", () => {
    expect(messageOf({ secrets: {} }, [])).toBe("accepted");
  });
});

describe("several problems", () => {
  test("in different keys are told at once, one line each", () => {
    expect(messageOf({ port: 0, replicas: "two", prot: 80, registry: "x" })).toBe(
      [
        "4 problems in the configuration of stack dev; nothing was changed:",
        `  berth:port is 0: ${PORT} berth:port 8080`,
        '  berth:replicas is "two": want a whole number from 1 to 100. Fix: pulumi config set berth:replicas 2',
        "  berth:registry is not supported yet: pulumi config rm berth:registry",
        "  berth:prot is not a known key: did you mean berth:port? Remove it with: pulumi config rm berth:prot",
      ].join("\n"),
    );
  });

  test("between keys are told at once, too", () => {
    const lines = messageOf(
      { strategy: "recreate", replicas: 2, tls: { acme: true }, secrets: { pin: "1" }, env: { PORT: "1" } },
      [],
    ).split("\n");
    expect(lines).toHaveLength(5);
  });
});

test("the bad configurations are at least 45", () => {
  expect(TABLE.length).toBeGreaterThanOrEqual(45);
});
