/** A stack whose programs ask the engine by way of a stand-in. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { resolveAddress } from "../../../docker/address.ts";
import { Checkout } from "../../e2e/support/checkout.ts";
import { docker, lines } from "../../e2e/support/engine.ts";
import { about, type About } from "../view.ts";
import { SHORTEN } from "./marks.ts";
import { StandIn } from "./standIn.ts";

/** So many times shorter are deadlines where the engine is silent. */
const FACTOR = 5;
/** Nothing takes longer, in milliseconds: what does hangs. */
const PATIENCE = 150_000;
/** What the worker does. */
const IDLE = ["-e", "setInterval(() => undefined, 1000)"];

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
  readonly hung: boolean;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A step as Pulumi's record has it. */
export interface RecordedStep {
  /** The program, such as "gate". */
  readonly verb: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export class Board {
  readonly checkout: Checkout;
  readonly standIn: StandIn;
  /** Whether deadlines are shortened. */
  shortened = false;
  readonly #folder: string;
  #greetings = 0;
  #steps: Promise<ReadonlyMap<string, RecordedStep>> | undefined;

  private constructor(checkout: Checkout, standIn: StandIn, folder: string) {
    this.checkout = checkout;
    this.standIn = standIn;
    this.#folder = folder;
  }

  /** Makes a stack with something of everything, and brings it live. @param light with little */
  static async make({ light = false } = {}): Promise<Board> {
    const folder = await mkdtemp(join(tmpdir(), "berth-questions-"));
    const real = /^unix:\/\/(.+)$/.exec(resolveAddress({ env: process.env }).host)?.[1];
    if (real === undefined) throw new Error("the engine has to be on this machine, at a socket");
    const socket = join(folder, "engine.sock");
    const mark = pathToFileURL(join(process.cwd(), "test", "chaos", "questions", "mark.ts")).href;
    const env = { DOCKER_HOST: `unix://${socket}`, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${mark}` };
    const checkout = await Checkout.make({ ...settings("Hello 0", folder), ...(light && LIGHT) }, { name: "questions", env });
    const board = new Board(checkout, await StandIn.start(socket, real, checkout.stack), folder);
    try {
      await board.checkout.secret("secrets.TOKEN", "a token of the test");
      await board.checkout.secret("backups.password", "a password of the test");
      await board.converge();
      return board;
    } catch (error) {
      await board.remove();
      throw error;
    }
  }

  /** Wishes for another release, and returns what it will say. */
  async change(): Promise<string> {
    const greeting = `Hello ${++this.#greetings}`;
    await this.checkout.edit(`Pulumi.${this.checkout.stack}.yaml`, /Hello \d+/, greeting);
    return greeting;
  }

  /** `npm run up`, which has to succeed. @throws Error */
  async converge(): Promise<void> {
    this.shortened = false;
    const once = (): Promise<Ended> => {
      this.standIn.begin();
      return this.npm("up", "--yes");
    };
    let { code, output } = await once();
    if (code !== 0 && this.standIn.failures.length > 0) ({ code, output } = await once()); // it was the stand-in that failed
    if (code !== 0) throw new Error(`a clean update ended with ${code}:\n${[output, ...this.standIn.failures].join("\n")}`);
    this.#steps = undefined;
  }

  npm(verb: string, ...words: string[]): Promise<Ended> {
    return this.run(process.execPath, [join("commands", "run.mjs"), verb, "--stack", this.checkout.stack, ...words]);
  }

  /** Like `npm`, with something to read. */
  npmReading(stdin: string, verb: string, ...words: string[]): Promise<Ended> {
    return this.run(process.execPath, [join("commands", "run.mjs"), verb, "--stack", this.checkout.stack, ...words], { stdin });
  }

  run(program: string, words: readonly string[], { stdin = "", env = {} }: RunOptions = {}): Promise<Ended> {
    const started = Date.now();
    const all = { ...this.checkout.env, ...(this.shortened && { [SHORTEN]: String(FACTOR) }), ...env };
    return new Promise((resolve, reject) => {
      const child = spawn(program, words, { cwd: this.checkout.folder, env: all, stdio: "pipe", detached: true });
      let output = "";
      let hung = false;
      const late = setTimeout(() => {
        hung = true;
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      }, PATIENCE);
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(late);
        resolve({ code: code ?? 1, output, seconds: (Date.now() - started) / 1000, hung });
      });
      child.stdin.on("error", () => undefined); // it may end without reading
      child.stdin.end(stdin);
    });
  }

  /** The steps of Pulumi's record by the end of their resources' names, such as "route". */
  steps(): Promise<ReadonlyMap<string, RecordedStep>> {
    return (this.#steps ??= this.#readSteps());
  }

  async #readSteps(): Promise<ReadonlyMap<string, RecordedStep>> {
    const { stdout } = await this.checkout.pulumiOk("stack", "export", "--show-secrets", "--stack", this.checkout.stack);
    type Inputs = { create?: string; environment?: Record<string, string>; stdin?: unknown };
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: { type: string; urn: string; inputs: Inputs }[] } };
    const steps = deployment.resources
      .filter(({ type }) => type === "command:local:Command")
      .map(({ urn, inputs }): [string, RecordedStep] => {
        const { create, environment = {}, stdin } = inputs;
        return [
          urn.split("::").at(-1) ?? "",
          {
            verb: /steps\/(\w+)\.ts/.exec(create ?? "")?.[1] ?? "",
            env: shown(environment) as Record<string, string>,
            stdin: String(shown(stdin) ?? ""),
          },
        ];
      });
    return new Map(steps);
  }

  about(): Promise<About | undefined> {
    return about(this.checkout.url);
  }

  /** Names of what the stack has on the engine, led by their kind and part; volumes that no container has are marked. */
  async things(): Promise<string[]> {
    const filter = ["--filter", `label=berth.stack=${this.checkout.stack}`];
    const part = '{{.Label "berth.part"}}';
    const [unused = "", ...lists] = await Promise.all([
      docker("volume", "ls", "--quiet", "--filter", "dangling=true", ...filter),
      docker("ps", "--all", "--format", `container ${part} {{.Names}} {{.State}}`, ...filter),
      docker("volume", "ls", "--format", `volume ${part} {{.Name}}`, ...filter),
      docker("network", "ls", "--format", "network - {{.Name}}", ...filter),
      docker("image", "ls", "--format", "image - {{.Repository}}:{{.Tag}}", ...filter),
    ]);
    const marked = (line: string) => (lines(unused).includes(line.split(" ")[2] ?? "") ? `${line} (unused)` : line);
    return lists
      .flatMap(lines)
      .filter((line) => !line.startsWith("container lock "))
      .map(marked)
      .sort();
  }

  async remove(): Promise<void> {
    await this.standIn.stop();
    await this.checkout.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const settings = (greeting: string, target: string): Record<string, unknown> => ({
  volumes: [{ name: "data", target: "/data", backup: { keep: 2 } }],
  env: { GREETING: greeting },
  workers: [{ name: "idle", command: IDLE, replicas: 1 }],
  migration: { command: ["-e", "console.log('migrated')"], timeout: "60s" },
  smokeTest: { command: ["-e", "console.log('smoked')"], timeout: "60s" },
  accessories: [{ name: "cache", kind: "redis" }],
  backups: { target },
  keepReleases: 1,
  health: { deadline: "15s" },
  drain: "1s",
  bake: "1s",
});

/** What a stack does without that has to be there at once. */
const LIGHT = { workers: undefined, migration: undefined, smokeTest: undefined, accessories: undefined, bake: undefined, replicas: 1 };

/** A value out of `stack export --show-secrets`, where a secret is an object with its plain text as JSON. */
function shown(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { plaintext } = value as { plaintext?: string };
  if (plaintext !== undefined) return shown(JSON.parse(plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shown(part)]));
}
