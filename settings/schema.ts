/** Every configuration key: its type, range, default, and what a person is told about it. */
import { Cron } from "croner";
import { z } from "zod";
import { ACCESSORY_KINDS } from "./accessoryKinds.ts";
import { parseDuration, parseSize } from "./units.ts";
import type { Path } from "./commands.ts";
import { type Hint, NOT_YET } from "./hints.ts";
import type { Keep, TlsSettings } from "./types.ts";

const duration = (least: number, most: number) =>
  z
    .string()
    .transform(parseDuration)
    .refine((seconds) => seconds !== undefined && seconds >= least && seconds <= most)
    .transform(Number);
const memorySize = z
  .string()
  .transform(parseSize)
  .refine((bytes) => bytes !== undefined && bytes >= 6 * 1024 ** 2)
  .transform(Number);
const absolutePath = z.string().regex(/^\/(?!(.*\/)?\.\.?(\/|$))[^\0:]*$/);
const hint = (want: string, example: string, description?: string, byDefault?: string): Hint => ({
  want,
  example,
  ...(description && { description }),
  ...(byDefault && { byDefault }),
});
/** Hint of a list, map or object; the example goes below it. */
const holding = (want: string, below: Path, example: string, description?: string, byDefault?: string): Hint => ({
  ...hint(want, example, description, byDefault),
  below,
});
const notYet = (description: string) =>
  z
    .never()
    .optional()
    .meta(hint(NOT_YET, "", description, "not supported yet"));
const text = z
  .union([z.string(), z.number(), z.boolean()])
  .transform(String) // `pulumi config set --path` stores 1 as a number
  .meta(hint("a text, a number, true or false", "<value>"));
const fileName = z
  .string()
  .regex(/^(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/)
  .meta(hint("at most 100 letters, digits, ., _ and -", ""));
const command = z
  .array(z.string().min(1).meta(hint("a text", "<word>")))
  .min(1)
  .meta(holding("a list of words", [0], "<word>"));
const processName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/)
  .meta(hint("at most 31 of a-z, 0-9 and -, led by a letter", ""));
const secret = z
  .union([
    text.transform((value) => ({ base64: Buffer.from(value).toString("base64") })),
    z.strictObject({
      base64: z
        .string()
        .transform((value) => value.replaceAll(/\s/g, ""))
        .pipe(z.base64())
        .meta(hint("bytes in Base64", "<value>")),
    }),
    z.strictObject({ command, timeout: duration(1, 300).default(30).meta(hint("a duration from 1s to 5m", "30s")) }),
  ])
  .meta(hint("a text, {base64: …} for bytes that are none, or {command: […]} for a program that prints it", "<value>"));
const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/)
  .meta(hint("letters, digits and _, not led by a digit", ""));

function isSchedule(text: string): boolean {
  try {
    return text.trim().split(/\s+/).length === 5 && new Cron(text, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

const port = z.int().min(1).max(65535);
const portHint = (description: string, example: string, byDefault?: string) =>
  hint("a port from 1 to 65535", example, description, byDefault);

const health = z.strictObject({
  path: z
    .string()
    .regex(/^\/\S*$/)
    .default("/up")
    .meta(hint('a path that starts with "/" and has no blanks', "/up")),
  interval: duration(0.05, 60).default(1).meta(hint("a duration from 50ms to 60s", "1s")),
  timeout: duration(0.1, 60).default(5).meta(hint("a duration from 100ms to 60s", "5s")),
  deadline: duration(1, 3600).default(60).meta(hint("a duration from 1s to 1h", "60s")),
});
const resources = z.strictObject({
  cpus: z.number().min(0.1).max(99).multipleOf(0.1).default(1).meta(hint("a number of CPUs from 0.1 to 99 in steps of 0.1", "1")),
  memory: memorySize.default(512 * 1024 ** 2).meta(hint('a size of at least 6M, such as "512M" or "1G"', "512M")),
  pids: z.int().min(1).max(1_000_000).default(256).meta(hint("a whole number from 1 to 1000000", "256")),
});
const RULES = "last, hourly, daily, weekly, monthly and yearly";
const rule = z.int().min(0).max(1000).optional();
const rules = z
  .strictObject({ last: rule, hourly: rule, daily: rule, weekly: rule, monthly: rule, yearly: rule })
  .refine((counts) => Object.values(counts).some((count) => (count ?? 0) > 0));
/** One problem, whatever is wrong in it: what is wanted is told as a whole. */
const keep = z.custom<Keep>((value) => z.int().min(1).max(1000).safeParse(value).success || rules.safeParse(value).success);
const backup = z
  .strictObject({
    schedule: z.string().refine(isSchedule).optional().meta(hint("a cron expression of five fields", "0 3 * * *")),
    keep: keep.default(7).meta(hint(`a whole number from 1 to 1000, or an object of such numbers with ${RULES}, not all of them 0`, "7")),
    preHook: command.optional(),
    postHook: command.optional(),
    check: command.optional(),
  })
  .meta(holding("an object with schedule, keep, preHook, postHook and check", ["keep"], "7"));
const volume = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/)
      .meta(hint("at most 31 of a-z, 0-9 and -, led by a letter", "data")),
    target: absolutePath.meta(hint('an absolute path in the container, with no ".." in it', "/data")),
    existing: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,254}$/)
      .optional()
      .meta(hint("the name of a volume on the engine", "<volume>")),
    seed: z
      .union([z.string().min(1), z.strictObject({ image: absolutePath })])
      .optional()
      .meta(hint("a folder in the project, or {image: /path}", "seed")),
    backup: backup.optional(),
  })
  .meta(holding("an object with name and target", ["name"], "data"));
const bind = z
  .strictObject({
    source: absolutePath.meta(hint('an absolute path on the engine\'s host, with no ".." in it', "/srv/files")),
    target: absolutePath.meta(hint('an absolute path in the container, with no ".." in it', "/files")),
    readOnly: z.boolean().default(true).meta(hint("true or false", "true")),
  })
  .meta(holding("an object with source, target and readOnly", ["source"], "/srv/files"));
const tmpfs = z
  .strictObject({
    target: absolutePath.meta(hint('an absolute path in the container, with no ".." in it', "/cache")),
    size: z
      .string()
      .transform(parseSize)
      .refine((bytes) => bytes !== undefined && bytes >= 1024 ** 2)
      .transform(Number)
      .meta(hint('a size of at least 1M, such as "64M" or "1G"', "64M")),
  })
  .meta(holding("an object with target and size", ["target"], "/cache"));
const build = z.strictObject({
  context: z.string().min(1).optional().meta(hint("a folder in the project", "app")),
  dockerfile: z.string().min(1).default("Dockerfile").meta(hint("a file in the context", "Dockerfile")),
  target: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*$/)
    .optional()
    .meta(hint("the name of a stage", "final")),
  args: z
    .record(variable, text)
    .default({})
    .meta(holding("names and values", ["VERSION"], "1")),
  platform: z
    .string()
    .regex(/^linux\/[a-z0-9]+(\/v\d+)?$/)
    .optional()
    .meta(hint("linux/<architecture>", "linux/amd64")),
  remoteContext: z
    .string()
    .regex(/^(https?|git|ssh|file):\/\/\S+$|^git@\S+:\S+$/)
    .optional()
    .meta(hint("the URL of a Git repository (#branch:folder) or of a tar archive", "https://example.com/app.git#main")),
  secrets: z
    .array(fileName)
    .optional()
    .meta(holding("a list of names of secrets", [0], "<secret>")),
});
const pem = (kind: string, file: string) =>
  z
    .string()
    .startsWith("-----BEGIN ")
    .meta(hint(`a ${kind} in PEM form, led by "-----BEGIN"`, `< ${file}`));
const tls = z
  .strictObject({
    acme: z.boolean().optional().meta(hint("true or false", "true")),
    certificate: pem("certificate", "certificate.pem").optional(),
    key: pem("key", "key.pem").optional(),
  })
  .transform(({ acme, certificate, key }, context): TlsSettings => {
    if (acme && !certificate && !key) return { acme };
    if (!acme && certificate && key) return { certificate, key };
    if (context.issues.length === 0) context.addIssue({ code: "custom" });
    return z.NEVER;
  });
const worker = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/)
      .meta(hint("at most 31 of a-z, 0-9 and -, led by a letter", "mail")),
    command,
    replicas: z.int().min(1).max(100).default(1).meta(hint("a whole number from 1 to 100", "1")),
    healthcheck: command.optional(),
  })
  .meta(holding("an object with name, command, replicas and healthcheck", ["name"], "mail"));
const accessory = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,25}$/)
      .meta(hint("at most 26 of a-z, 0-9 and -, led by a letter", "database")),
    kind: z.enum(ACCESSORY_KINDS).meta(hint(ACCESSORY_KINDS.join(" or "), "postgres")),
    version: text
      .pipe(z.string().regex(/^[1-9]\d?(\.\d{1,2}){0,2}$/))
      .optional()
      .meta(hint('a version such as "15" or "15.8"', "15")),
    resources: resources.prefault({}).meta(holding("an object with cpus, memory and pids", ["memory"], "512M")),
    backup: backup
      .pick({ schedule: true, keep: true })
      .optional()
      .meta(holding("an object with schedule and keep", ["keep"], "7")),
  })
  .meta(holding("an object with name, kind, version, resources and backup", ["name"], "database"));
const job = (timeout: number) =>
  z.strictObject({
    command,
    timeout: duration(1, 86_400)
      .default(timeout)
      .meta(hint("a duration from 1s to 24h", `${timeout}s`)),
  });
const bake = z.strictObject({
  duration: duration(0, 86_400).default(0).meta(hint("a duration from 0s to 24h", "20s")),
  errors: z.number().min(0).max(100).default(5).meta(hint("a share in percent from 0 to 100", "5")),
  slowdown: z.number().min(0).max(1000).default(3).meta(hint("a factor from 0 (off) to 1000", "3")),
  minRequests: z.int().min(1).max(1000).default(20).meta(hint("a whole number from 1 to 1000", "20")),
});
const canary = z.strictObject({
  release: z
    .string()
    .regex(/^[0-9a-f]{12}(-\d+)?$/)
    .optional()
    .meta(hint("a release name from `npm run releases`", "<release>")),
  replicas: z.int().min(1).max(100).default(1).meta(hint("a whole number from 1 to 100", "1")),
  duration: duration(0, 86_400).default(300).meta(hint("a duration from 0s to 24h", "5m")),
  promote: z.boolean().default(false).meta(hint("true or false", "true")),
});
const backups = z.strictObject({
  target: z
    .string()
    .regex(/^(\/(?!(.*\/)?\.\.?(\/|$))[^\0:,]*|(s3|sftp|rest|b2|azure|gs|swift):\S+)$/)
    .meta(hint("an absolute path on the engine's host, or a repository of restic, such as s3:https://host/bucket", "/srv/backups")),
  password: text.pipe(z.string().min(8)).meta(hint("a text of at least 8 characters", "<value>")),
  credentials: z
    .record(variable, text)
    .default({})
    .meta(holding("names and values", ["NAME"], "<value>")),
  ssh: z
    .strictObject({
      key: pem("key", "id_ed25519"),
      knownHosts: z
        .string()
        .regex(/^\S+ \S+ \S/m)
        .meta(hint("lines of a known_hosts file, as ssh-keyscan prints them", "< known_hosts")),
    })
    .optional()
    .meta(holding("an object with key and knownHosts", ["key"], "< id_ed25519")),
  maxDrillAge: duration(60, 366 * 86_400)
    .optional()
    .meta(hint("a duration from 1m to 8784h", "168h")),
});
const host = z
  .string()
  .regex(/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)
  .meta(hint("a host name in small letters, without scheme, port and path", "example.com"));

/** Every key of the namespace `berth`. The README's table and Pulumi.yaml are tested against it. */
export const schema = z.strictObject({
  port: port.default(8080).meta(portHint("Host port that the gateway publishes", "8080")),
  httpsPort: port.default(443).meta(portHint("Host port for HTTPS, published only with `tls`", "443")),
  bindAddress: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .meta(hint("an IP address", "127.0.0.1", "Address the gateway publishes on", "127.0.0.1 in dev, 0.0.0.0 else")),
  containerPort: port.default(8080).meta(portHint("Port the app listens on in its container, also given to it as PORT", "8080")),
  replicas: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta(hint("a whole number from 1 to 100", "2", "Web containers of a release", "2; 1 with `strategy: recreate`")),
  release: z
    .string()
    .regex(/^[0-9a-f]{12}(-\d+)?$/)
    .optional()
    .meta(
      hint(
        "a release name from `npm run releases`",
        "<release>",
        "Bring back an earlier release by name; nothing is built",
        "build `app/`",
      ),
    ),
  strategy: z
    .enum(["blue-green", "recreate"])
    .default("blue-green")
    .meta(
      hint(
        "blue-green or recreate",
        "blue-green",
        "`recreate` stops the old release first, for an app that allows one writer; requests wait meanwhile",
      ),
    ),
  maintenance: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .meta(
      hint("a message of 1 to 500 characters", "Back at noon", "The gateway answers 503 with this message; the app keeps running", "off"),
    ),
  bake: bake
    .prefault({})
    .meta(
      holding(
        "a duration up to 24h, or an object with duration, errors, slowdown and minRequests",
        ["duration"],
        "20s",
        "How long a release is watched after the switch; more than `errors` percent of 5xx answers, or a 95th percentile `slowdown` times that of before, sends traffic back",
        "`{duration: 0s, errors: 5, slowdown: 3, minRequests: 20}`",
      ),
    ),
  canary: canary
    .optional()
    .meta(
      holding(
        "an object with release, replicas, duration and promote",
        ["replicas"],
        "1",
        "So many replicas of another release (default: what is built) take their share of the traffic beside the live one, and are watched for `duration` with the limits of `bake`; `promote` makes a good one live: `{replicas: 1, duration: 300s, promote: false}`",
        "none",
      ),
    ),
  health: health
    .prefault({})
    .meta(
      holding(
        "an object with path, interval, timeout and deadline",
        ["path"],
        "/up",
        "The gate: path, interval, timeout, deadline",
        "`{path: /up, interval: 1s, timeout: 5s, deadline: 60s}`",
      ),
    ),
  drain: duration(0, 3600)
    .default(30)
    .meta(hint("a duration from 0s to 1h", "30s", "How long open requests of the old release may take to finish", "30s")),
  resources: resources
    .prefault({})
    .meta(
      holding("an object with cpus, memory and pids", ["memory"], "512M", "Limits of each replica", "`{cpus: 1, memory: 512M, pids: 256}`"),
    ),
  user: z
    .string()
    .regex(/^(image|[1-9]\d*(:\d+)?)$/)
    .default("1000:1000")
    .meta(
      hint('a numeric uid[:gid] other than root, or "image"', "1000:1000", "User of the app's processes; `image` keeps the image's own"),
    ),
  workers: z
    .array(worker)
    .default([])
    .meta(
      holding(
        "a list of {name, command, replicas, healthcheck}",
        [0, "name"],
        "mail",
        "More processes of the same release, without traffic; `command` goes to the image's entrypoint",
        "none",
      ),
    ),
  migration: job(300)
    .extend({ snapshot: z.boolean().default(true).meta(hint("true or false", "true")) })
    .optional()
    .meta(
      holding(
        "an object with command, timeout and snapshot",
        ["command", 0],
        "migrate",
        "Runs once per release, before the switch, and must succeed; the `snapshot` of the volumes that it may write is put back where it fails: `{command, timeout: 300s, snapshot: true}`",
        "none",
      ),
    ),
  smokeTest: job(60)
    .optional()
    .meta(
      holding(
        "an object with command and timeout",
        ["command", 0],
        "smoke-test",
        "Runs after the switch, with the app's address as BERTH_URL; where it fails, traffic goes back: `{command, timeout: 60s}`",
        "none",
      ),
    ),
  env: z
    .record(variable, text)
    .default({})
    .meta(holding("names and values", ["NAME"], "<value>", "Environment of the replicas", "none")),
  secrets: z
    .record(fileName, secret)
    .default({})
    .meta(holding("names and values", ["NAME"], "<value>", "Secret values as files `/run/secrets/<name>`; set with `--secret`", "none")),
  secretsFor: z
    .record(processName, z.array(fileName))
    .default({})
    .meta(
      holding(
        "names of processes, each with a list of secrets",
        ["web", 0],
        "<secret>",
        "Which process gets which secrets: `web`, or a worker's name, each with a list",
        "each gets all",
      ),
    ),
  volumes: z
    .array(volume)
    .optional()
    .meta(
      holding(
        "a list of {name, target, existing, seed}",
        [0, "name"],
        "data",
        "Data that outlives every release: a volume of its own, or the engine's `existing` one; a new one begins with the `seed`",
        "dev: `data` at `/data`; else none",
      ),
    ),
  accessories: z
    .array(accessory)
    .default([])
    .meta(
      holding(
        "a list of {name, kind, version, resources, backup}",
        [0, "name"],
        "database",
        "Databases next to the app, each with a data volume; the app finds its URL in the secret `<name>-url`. Defaults: `version` 15 for postgres and 7 for redis, `resources` as those of a replica",
        "none",
      ),
    ),
  backups: backups
    .optional()
    .meta(
      holding(
        "an object with target, password, credentials, ssh and maxDrillAge",
        ["target"],
        "/srv/backups",
        "Where volumes with `backup` are backed up to, encrypted with `password`; `credentials`, or `ssh` for SFTP, open the target; secrets among them are set with `--secret`; with `maxDrillAge` a new release is refused when the last good drill is older",
        "none",
      ),
    ),
  binds: z
    .array(bind)
    .default([])
    .meta(
      holding(
        "a list of {source, target, readOnly}",
        [0, "source"],
        "/srv/files",
        "Folders of the engine's host, read-only unless said",
        "none",
      ),
    ),
  tmpfs: z
    .array(tmpfs)
    .default([])
    .meta(
      holding(
        "a list of {target, size}",
        [0, "target"],
        "/cache",
        "Folders in memory, empty at each start of a container; `/tmp` has 64M by itself",
        "none",
      ),
    ),
  build: build
    .prefault({})
    .meta(
      holding(
        "an object with context, dockerfile and more",
        ["context"],
        "app",
        "What to build: context, dockerfile, target, args, platform, remoteContext, secrets",
        "`{context: app, dockerfile: Dockerfile}`",
      ),
    ),
  keepReleases: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .meta(hint("a whole number from 1 to 100", "5", "Earlier releases kept for rollback")),
  hosts: z
    .array(host)
    .default([])
    .meta(holding("a list of host names", [0], "example.com", "Host names to answer for", "any")),
  tls: tls
    .optional()
    .meta(
      hint(
        "either {acme: true}, or both certificate and key in PEM form",
        "",
        "HTTPS: certificates from Let's Encrypt, or your own",
        "off",
      ),
    ),
  engine: z
    .literal("docker")
    .default("docker")
    .meta(hint("docker (swarm is not supported yet)", "docker", "What runs the containers")),
  registry: notYet("Where to push the image"),
});

/** The configuration as a person writes it. */
export type Config = z.input<typeof schema>;
