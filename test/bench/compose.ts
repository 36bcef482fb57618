/** The other side: `docker compose up --build --wait` of the same app, bounded as Berth bounds it. */
import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { Checkout } from "../e2e/support/checkout.ts";
import { docker, lines } from "../e2e/support/engine.ts";
import { removeLeftovers } from "../e2e/support/leftovers.ts";
import { freePort } from "../support/freePort.ts";
import type { SideName } from "./figures.ts";
import type { Command } from "./measure.ts";
import { Editions, type Side } from "./side.ts";

const run = promisify(execFile);
/** Ports that are kept for the replicas. */
const MOST_REPLICAS = 20;
/** Milliseconds until all replicas have to be healthy again after a pause. */
const PATIENCE = 60_000;

export interface ComposeFile {
  readonly stack: string;
  /** The first of the host ports. */
  readonly port: number;
  readonly replicas: number;
}

/** The file's contents. Its labels are those by which the sweeper finds what a test has left. Pure. */
export function composeFile({ stack, port, replicas }: ComposeFile): Record<string, unknown> {
  const labels = { "berth.stack": stack };
  return {
    name: stack,
    services: {
      web: {
        build: { context: "app", labels },
        labels,
        deploy: { replicas },
        ports: [`127.0.0.1:${port}-${port + replicas - 1}:8080`],
        volumes: ["data:/data"],
        user: "1000:1000",
        init: true,
        read_only: true,
        tmpfs: ["/tmp:size=64m"],
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        cpus: 1,
        mem_limit: "512m",
        pids_limit: 256,
        restart: "unless-stopped",
        stop_grace_period: "30s",
        // The image's own check runs every 15 s, and `--wait` would wait for it. Many of them at once hold each other up.
        healthcheck: { interval: replicas > 2 ? "3s" : "1s", timeout: "5s", retries: 60 },
      },
    },
    volumes: { data: { labels } },
    networks: { default: { labels } },
  };
}

export interface ComposeArgs {
  readonly name: SideName;
  /** Folder of the app, which is copied. */
  readonly app: string;
  /** Folder to work in; it is made. */
  readonly folder: string;
  readonly replicas: number;
  /** Files of the two programs. */
  readonly programs: { readonly compose: string; readonly buildx: string };
}

export class ComposeSide implements Side {
  readonly name: SideName;
  readonly stack: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #editions: Editions;
  #paused = false;

  private constructor(name: SideName, stack: string, folder: string, port: number) {
    [this.name, this.stack, this.#folder, this.#port] = [name, stack, folder, port];
    this.#editions = new Editions(join(folder, "app"));
  }

  static async make({ name, app, folder, replicas, programs }: ComposeArgs): Promise<ComposeSide> {
    const plugins = join(folder, "docker", "cli-plugins");
    await mkdir(plugins, { recursive: true });
    await symlink(programs.compose, join(plugins, "docker-compose"));
    await symlink(programs.buildx, join(plugins, "docker-buildx"));
    await cp(app, join(folder, "app"), { recursive: true });
    const side = new ComposeSide(name, Checkout.nameOf("bench"), folder, await freePort());
    await side.replicas(replicas);
    return side;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get update(): Command {
    return this.#compose("up", "--build", "--wait");
  }

  get status(): Command {
    return this.#compose("ps", "--all");
  }

  change(): Promise<void> {
    return this.#editions.change();
  }

  async replicas(wanted: number): Promise<void> {
    if (wanted > MOST_REPLICAS) throw new Error(`${wanted} replicas: at most ${MOST_REPLICAS}`);
    await writeFile(join(this.#folder, "compose.yaml"), stringify(composeFile({ stack: this.stack, port: this.#port, replicas: wanted })));
  }

  /** Its health checks start a Node in each replica every second. */
  async pause(): Promise<void> {
    if (!this.#paused) await this.#run("pause");
    this.#paused = true;
  }

  /** Waits for the next health checks, since the engine takes a container that was paused for unhealthy. */
  async resume(): Promise<void> {
    if (!this.#paused) return;
    await this.#run("unpause");
    this.#paused = false;
    const states = async () => lines(await docker("ps", "--all", "--format", "{{.Status}}", "--filter", `label=berth.stack=${this.stack}`));
    for (const end = Date.now() + PATIENCE; !(await states()).every((state) => state.includes("(healthy)")); await sleep(100)) {
      if (Date.now() > end) throw new Error(`${this.name} is not well:\n${(await states()).join("\n")}`);
    }
  }

  remove(): Promise<void> {
    return removeLeftovers(this.stack);
  }

  #compose(...words: string[]): Command {
    const env = { ...process.env, DOCKER_CONFIG: join(this.#folder, "docker"), NO_COLOR: "1" };
    return { words: ["docker", "compose", ...words], folder: this.#folder, env };
  }

  async #run(word: string): Promise<void> {
    const {
      words: [program = "", ...words],
      folder,
      env,
    } = this.#compose(word);
    await run(program, words, { cwd: folder, env });
  }
}
