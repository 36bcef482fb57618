/** What the steps are given in tests, and what the fake engine and gateway tell them of the release before. */
import type { GateInput } from "../../steps/gate.ts";
import type { JobSpec } from "../../steps/runJob.ts";
import type { RouteInput } from "../../steps/switch.ts";
import { carried, OWNER } from "./configuration.ts";
import type { Answer } from "./fakeDocker.ts";

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
  flags: ["--user", "1000:1000"],
  image: "sha256:1111",
  command: ["migrate", "--all"],
  timeout: 300,
};

/** An answer to a command of kamal-proxy. */
export const proxy = (words: string, answer: Omit<Answer, "to"> = {}): Answer => ({ to: `exec gw kamal-proxy ${words}`, ...answer });

/** How the probe of the gate goes. */
export const HEALTHY = proxy(`deploy gate-${RELEASE}`);
export const WAITING = proxy(`deploy gate-${RELEASE}`, { seconds: 30 });
export const REMOVED = proxy(`remove gate-${RELEASE}`);
/** What a container that has failed looks like. */
export const STATE: Answer = { to: "inspect --format {{.State.Status}}", stdout: "running, exit code 0, restarts 0, killed for memory false" };
export const APP_LOG: Answer = { to: "logs --tail 50", stdout: "listening", stderr: "no database" };

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
export const OLD_LABELS: Answer = {
  to: "inspect --type container web-old",
  stdout: JSON.stringify([{ Config: { Labels: { "berth.release": LIVE, "berth.settings": JSON.stringify(OLD_SETTINGS) } } }]),
};

/** All workers of the stack, those of the live release included. */
export const WORKERS: Answer = {
  to: 'ps --all --filter label=berth.project=berth --filter label=berth.stack=dev --filter label=berth.part=worker --format {{.Names}} {{.Label "berth.release"}}',
  stdout: [`mail-1 ${RELEASE}`, `mail-2 ${RELEASE}`, `mail-old ${LIVE}`].join("\n"),
};

/** The kamal-proxy commands among all that was asked, each with its first words. */
export const proxied = (calls: readonly string[][], words = 2): string[] => calls.filter(([verb]) => verb === "exec").map((call) => call.slice(3, 3 + words).join(" "));
