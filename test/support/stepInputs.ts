/** What the steps are given in tests, and what the fake engine and gateway tell them of the release before. */
import type { GateInput } from "../../steps/gate.ts";
import type { JobSpec } from "../../steps/runJob.ts";
import type { RouteInput } from "../../steps/switch.ts";
import { carried, OWNER } from "./configuration.ts";
import type { Answer } from "./fakeEngine.ts";

export const RELEASE = "3f9a1c2b7d4e";
/** The release that has the traffic. */
export const LIVE = "aaaaaaaaaaaa";

const HEALTH = { path: "/up", interval: 1, timeout: 5, deadline: 60 };

export const GATE: GateInput = {
  owner: OWNER,
  gateway: "gw",
  service: "app",
  release: RELEASE,
  candidates: ["web-1", "web-2"],
  workers: [],
  port: 3000,
  health: HEALTH,
  drain: 30,
  exclusive: false,
  migration: null,
};

export const ROUTE: RouteInput = {
  owner: OWNER,
  gateway: "gw",
  service: "app",
  release: RELEASE,
  targets: ["web-1", "web-2"],
  workers: [],
  canary: null,
  exclusive: false,
  port: 3000,
  hosts: [],
  tls: "off",
  health: HEALTH,
  drain: 30,
  maintenance: null,
  bake: null,
  smokeTest: null,
  jobs: false,
};

export const JOB: JobSpec = {
  what: "migration",
  release: RELEASE,
  container: `berth-dev-migration-${RELEASE}`,
  spec: { Image: "sha256:1111", Labels: { "berth.part": "job" }, User: "1000:1000", Cmd: ["migrate", "--all"] },
  timeout: 300,
};

/** An answer to a command of kamal-proxy. */
export const proxy = (words: string, answer: Omit<Answer, "to"> = {}): Answer => ({ to: `exec gw kamal-proxy ${words}`, ...answer });

/** How the probe of the gate goes. */
export const HEALTHY = proxy(`deploy gate-${RELEASE}`);
export const WAITING = proxy(`deploy gate-${RELEASE}`, { seconds: 30 });
export const REMOVED = proxy(`remove gate-${RELEASE}`);
/** How a container is. */
export interface State {
  /** Default: running. */
  readonly status?: string;
  readonly exit?: number;
  readonly restarts?: number;
  readonly health?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Its address in its network. */
  readonly address?: string;
}

/** What the engine tells of a container. */
export const container = (
  name: string,
  { status = "running", exit = 0, restarts = 0, health, labels = {}, address = "" }: State = {},
): Answer => ({
  to: `inspect ${name}`,
  json: {
    Id: name,
    Name: `/${name}`,
    RestartCount: restarts,
    State: { Status: status, ExitCode: exit, OOMKilled: false, ...(health !== undefined && { Health: { Status: health } }) },
    Config: { Labels: labels },
    NetworkSettings: { Networks: { net: { IPAddress: address } } },
  },
});

/** That there is none of that name. */
export const noContainer = (name: string): Answer => ({ to: `inspect ${name}`, status: 404, message: `No such container: ${name}` });

/** Containers in a list, each with its part, its release and further labels. */
export const listed = (
  ...containers: readonly (readonly [name: string, part: string, release?: string, more?: Readonly<Record<string, string>>])[]
): Pick<Answer, "json"> => ({
  json: containers.map(([name, part, release = "", more = {}]) => ({
    Id: name,
    Names: [`/${name}`],
    Labels: { "berth.part": part, "berth.release": release, ...more },
  })),
});

/** How a container is in words, where nothing else is said of it. */
export const RUNNING_WORDS = "running, exit code 0, restarts 0, killed for memory false";
export const APP_LOG: Answer = { to: "logs", stdout: "listening", stderr: "no database" };

/** `kamal-proxy list` in its own words, colours included: its one route leads to these targets. */
export const routeTo = (...targets: string[]): Answer =>
  proxy("list", {
    stdout:
      "\u001b[3;94mService\u001b[0m  \u001b[3;94mHost\u001b[0m  \u001b[3;94mPath\u001b[0m  \u001b[3;94mTarget\u001b[0m  \u001b[3;94mState\u001b[0m    \u001b[3;94mTLS\u001b[0m  " +
      `\n\u001b[1;34mapp\u001b[0m      \u001b[m*\u001b[0m     \u001b[m/\u001b[0m     \u001b[m${targets.join(",")}\u001b[0m  \u001b[mrunning\u001b[0m  \u001b[mno\u001b[0m   `,
  });
export const NO_ROUTE = proxy("list", { stdout: "Service  Host  Path  Target  State  TLS  " });

/** The live release is one replica and one worker, with another port and path than the new one. */
export const OLD_SETTINGS = carried({ containerPort: 9000, drain: 5, health: { ...HEALTH, path: "/old" } });
export const OLD_ROUTE = routeTo("web-old:9000");
export const LIVE_LABELS = { "berth.release": LIVE, "berth.settings": JSON.stringify(OLD_SETTINGS) };
export const OLD_LABELS = container("web-old", { labels: LIVE_LABELS });

/** What belongs to the stack, as the engine is asked for it. */
export const OWNED = "label=berth.project=berth label=berth.stack=dev";

/** All workers of the stack, those of the live release included. */
export const WORKERS: Answer = {
  to: `containers all ${OWNED} label=berth.part=worker`,
  ...listed(["mail-1", "worker", RELEASE], ["mail-2", "worker", RELEASE], ["mail-old", "worker", LIVE]),
};

/** The kamal-proxy commands among all that was asked, each with its first words. */
export const proxied = (calls: readonly string[], words = 2): string[] =>
  calls
    .filter((call) => call.startsWith("exec gw "))
    .map((call) =>
      call
        .split(" ")
        .slice(3, 3 + words)
        .join(" "),
    );
