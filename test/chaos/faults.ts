/** What goes wrong: each fault with the steps at which it can happen and what it does. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../e2e/support/engine.ts";
import { crash, fillDisk, leaveLock, truncateState } from "./damage.ts";
import type { Ground } from "./ground.ts";
import { STEPS, type Step } from "./steps.ts";
import { type StartOptions, startCommand, type Update } from "./update.ts";
import { findProcess, type Role } from "./updateProcesses.ts";

/** Where a fault strikes. */
export interface Scene {
  readonly ground: Ground;
  readonly step: Step;
  readonly gateway: string;
  /** The update that is struck; none between two updates. */
  readonly update?: Update | undefined;
  /** A container of the release that was live when the update began; where those are being deleted, one of the new release. */
  replica(): Promise<string>;
  /** Waits for a container of the release that is on its way. */
  candidate(): Promise<string>;
}

export interface Fault {
  readonly name: string;
  /** One sentence for a person. */
  readonly what: string;
  readonly steps: readonly Step[];
  /** It takes root on the engine's machine. */
  readonly needsRoot?: true;
  /** Which requests may fail, and why; none where that is not said. */
  readonly mayFail?: (step: Step) => string | undefined;
  /** What the struck update may read; default: nothing. */
  readonly stdin?: StartOptions["stdin"];
  /** Who puts it right. Default: the `npm run up` that follows, so that the time to recover counts from its start. */
  readonly heals?: "by itself";
  /** Does it; returns a remark for the table, if any. */
  inject(scene: Scene): Promise<string | void>;
  /** What a person would do before running `npm run up` again. */
  afterwards?(scene: Scene): Promise<void>;
}

const running = STEPS.filter((step) => step !== "idle");
const beforeSwitch: readonly Step[] = ["idle", "start", "build", "create", "gate"];
/** Steps at which containers are struck: at the start of an update it is the same as before it. */
const struck = STEPS.filter((step) => step !== "start");
/** Milliseconds that a process of an update may take to come. */
const COMES_WITHIN = 20_000;
/** Milliseconds that an update may take to end what it is at. */
const ENDS_WITHIN = 60_000;
/** Milliseconds that the engine is out of order. */
const ENGINE_FAILS = 5000;

const signalled = (name: string, role: Role, signal: NodeJS.Signals, steps: readonly Step[] = running): Fault => ({
  name,
  what: `${signal} to ${role === "cli" ? "the Pulumi CLI" : `the ${role}`}`,
  steps,
  inject: async ({ ground }) => void process.kill(await findProcess(ground.checkout.folder, role, COMES_WITHIN), signal),
});

/** npm ends at once, and nobody waits for the command, which ends what it is at: until then the next one would be refused by name. */
async function endsInOrder({ checkout: { stack } }: Ground, ask: () => void): Promise<string> {
  const asked = Date.now();
  ask();
  while ((await docker("ps", "--quiet", "--filter", `name=^berth-${stack}-lock$`)) !== "") {
    if (Date.now() - asked > ENDS_WITHIN) throw new Error(`the stack is still held after ${ENDS_WITHIN} ms`);
    await sleep(50);
  }
  return `gave the stack back after ${((Date.now() - asked) / 1000).toFixed(1)} s`;
}

const gatewayGone = () => "the gateway is down";
const onReplica = (step: Step) =>
  beforeSwitch.includes(step)
    ? "requests to the lost replica"
    : step === "drain"
      ? "its open requests"
      : step === "delete"
        ? "requests to the lost replica"
        : undefined;
const onCandidate = (step: Step) => (beforeSwitch.includes(step) ? undefined : "requests to the lost replica, which is live by then");

export const FAULTS: readonly Fault[] = [
  signalled("cli-int", "cli", "SIGINT"),
  signalled("cli-term", "cli", "SIGTERM"),
  signalled("cli-kill", "cli", "SIGKILL"),
  {
    name: "hang-up",
    what: "SIGHUP to all processes of the terminal, and nobody reads the output any more: a lost connection",
    steps: running,
    inject: ({ ground, update }) => endsInOrder(ground, () => update?.hangUp()),
  },
  {
    name: "ctrl-c-piped",
    what: "SIGINT to all processes of the terminal, with a pipe as their input",
    steps: running,
    stdin: "pipe",
    inject: ({ ground, update }) => endsInOrder(ground, () => update?.signal("SIGINT")),
  },
  signalled("host-kill", "language host", "SIGKILL"),
  signalled("program-kill", "program", "SIGKILL", ["start"]),
  signalled("plugin-kill", "docker plugin", "SIGKILL"),
  signalled("command-kill", "command plugin", "SIGKILL", ["gate", "drain", "bake"]),
  signalled("step-kill", "step", "SIGKILL", ["gate", "drain", "bake"]),
  {
    name: "gateway-crash",
    needsRoot: true,
    what: "the gateway's process ends by SIGKILL; the engine starts it again",
    steps: struck,
    heals: "by itself",
    mayFail: gatewayGone,
    inject: ({ gateway }) => crash(gateway),
  },
  {
    name: "gateway-kill",
    what: "`docker kill` of the gateway; the engine does not start it again",
    steps: struck,
    mayFail: gatewayGone,
    inject: async ({ gateway }) => void (await docker("kill", gateway)),
  },
  {
    name: "gateway-state",
    needsRoot: true,
    what: "the gateway is killed, its state file cut in half, and it is started again",
    steps: struck,
    mayFail: gatewayGone,
    inject: ({ gateway }) => truncateState(gateway),
  },
  {
    name: "replica-kill",
    what: "`docker kill` of a replica of the release that was live at the start (at delete: of the new one); the engine does not start it again",
    steps: struck,
    mayFail: onReplica,
    inject: async ({ replica }) => void (await docker("kill", await replica())),
  },
  {
    name: "replica-pause",
    what: "`docker pause` of the same; nobody but Berth unpauses it",
    steps: struck,
    inject: async ({ replica }) => void (await docker("pause", await replica())),
  },
  {
    name: "replica-detach",
    what: "`docker network disconnect` of the same",
    steps: struck,
    mayFail: onReplica,
    inject: async ({ ground, replica }) => void (await docker("network", "disconnect", await ground.network(), await replica())),
  },
  {
    name: "candidate-kill",
    what: "`docker kill` of a replica of the release that is on its way",
    steps: ["create", "gate", "drain", "bake"],
    mayFail: onCandidate,
    inject: async ({ candidate }) => void (await docker("kill", await candidate())),
  },
  {
    name: "lock",
    what: "a lock file of a process that has ended lies in the backend",
    steps: STEPS,
    inject: ({ ground }) => leaveLock(ground.checkout),
  },
  {
    name: "second-up",
    what: "a second `npm run up` at the same time",
    steps: STEPS,
    async inject({ ground, step }) {
      const commands = [
        startCommand(ground.checkout, "up", "--yes"),
        ...(step === "idle" ? [startCommand(ground.checkout, "up", "--yes")] : []),
      ];
      const all = await Promise.all(commands.map(({ ended }) => ended));
      return all
        .map(({ code, output }) => (code === 0 ? "went through" : /is held by/.test(output) ? "was refused by name" : `ended with ${code}`))
        .join(", ");
    },
  },
  {
    name: "engine-errors",
    what: `the engine answers every question with an error for ${ENGINE_FAILS / 1000} s, those of Berth and of the docker plugin`,
    steps: running,
    inject: async ({ ground: { standIn } }) => {
      if (!standIn) throw new Error("the engine is not at a socket, so nothing stands in for it");
      standIn.failFor(ENGINE_FAILS);
    },
    afterwards: async ({ ground: { standIn } }) => void (await standIn?.isWell()),
  },
  {
    name: "disk-full",
    needsRoot: true,
    what: "the disk of Pulumi's state is full until the update has ended",
    steps: STEPS,
    inject: ({ ground }) => fillDisk(ground.disk ?? ""),
    afterwards: ({ ground }) => ground.freeDisk(),
  },
];
