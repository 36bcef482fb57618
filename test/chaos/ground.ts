/** The stack that the faults strike: a checkout of its own, with Pulumi's state on a small disk of its own. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { resolveAddress } from "../../docker/address.ts";
import { isAlive } from "../../stack/processes.ts";
import { Checkout } from "../e2e/support/checkout.ts";
import { census } from "../e2e/support/engine.ts";
import { fillerOf } from "./damage.ts";
import { StandIn } from "./questions/standIn.ts";
import type { Step } from "./steps.ts";
import { up } from "./update.ts";
import { about, type About } from "./view.ts";

const run = promisify(execFile);
const DISK = "berth-chaos-disk-";
/** Room for the state of some hundred updates. */
const DISK_SIZE = "256m";
/** Releases before the live one that stay in the ledger. */
export const KEEP = 2;
const PAGE = "app/src/page/layout.ts";

export class Ground {
  readonly checkout: Checkout;
  /** Folder that is a disk of its own, where there is one. */
  readonly disk: string | undefined;
  /** What its updates ask for the engine, where the real one is at a socket. */
  readonly standIn: StandIn | undefined;
  #greetings = 0;
  #editions = 0;
  #network: string | undefined;

  private constructor(checkout: Checkout, disk: string | undefined, standIn: StandIn | undefined) {
    this.checkout = checkout;
    this.disk = disk;
    this.standIn = standIn;
  }

  /** Makes a stack and brings it live. Pulumi's state is on a disk of its own where `disk` says so, which takes root. */
  static async make({ disk: wanted }: { readonly disk: boolean }): Promise<Ground> {
    const disk = wanted ? await makeDisk() : undefined;
    let standIn: StandIn | undefined;
    try {
      const checkout = await Checkout.make(settings("start", "idle"), {
        name: "chaos",
        env: disk === undefined ? {} : { PULUMI_BACKEND_URL: `file://${join(disk, "state")}` },
      });
      const real = /^unix:\/\/(.+)$/.exec(resolveAddress({ env: process.env }).host)?.[1];
      if (real !== undefined) {
        standIn = await StandIn.start(join(checkout.folder, ".berth", "engine.sock"), real, checkout.stack);
        checkout.env["DOCKER_HOST"] = standIn.host;
      }
      const ground = new Ground(checkout, disk, standIn);
      const { code, output } = await up(ground.checkout);
      if (code === 0) return ground;
      await ground.remove();
      throw new Error(`the first update failed:\n${output}`);
    } catch (error) {
      await standIn?.stop();
      await unmount(disk);
      throw error;
    }
  }

  /** Makes a change that the next update brings live, such that it has this step. Returns the greeting of the release. */
  async change(step: Step): Promise<string> {
    const greeting = `Hello ${++this.#greetings}`;
    await this.checkout.configure(settings(greeting, step));
    if (step === "build")
      await this.checkout.edit(
        PAGE,
        /(<meta charset="utf-8">)(<meta name="edition" content="\d+">)?/,
        `$1<meta name="edition" content="${++this.#editions}">`,
      );
    return greeting;
  }

  /** Name of the stack's network. */
  async network(): Promise<string> {
    return (this.#network = (await census(this.checkout.stack)).networks[0] ?? this.#network ?? "");
  }

  about(): Promise<About | undefined> {
    return about(this.checkout.url);
  }

  async freeDisk(): Promise<void> {
    if (this.disk !== undefined) await rm(fillerOf(this.disk), { force: true });
  }

  /** Removes all of it, also where it is broken. */
  async remove(): Promise<void> {
    await this.freeDisk();
    await this.standIn?.stop();
    await this.checkout.remove();
    await unmount(this.disk);
  }
}

function settings(greeting: string, step: Step): Record<string, unknown> {
  return {
    volumes: [{ name: "data", target: "/data" }],
    env: { GREETING: greeting },
    keepReleases: KEEP,
    health: { deadline: "15s" },
    drain: "10s",
    resources: { cpus: 2 },
    ...(step === "bake" && { bake: "3s" }),
  };
}

async function makeDisk(): Promise<string> {
  await sweepDisks();
  const disk = await mkdtemp(join(tmpdir(), `${DISK}${process.pid}-`));
  await run("mount", ["-t", "tmpfs", "-o", `size=${DISK_SIZE}`, "tmpfs", disk]);
  await mkdir(join(disk, "state"));
  return disk;
}

async function unmount(disk: string | undefined): Promise<void> {
  if (disk === undefined) return;
  await run("umount", ["--lazy", disk]).catch(() => undefined); // it was never mounted
  await rm(disk, { recursive: true, force: true });
}

/** Takes away the disks of runs that were killed. */
async function sweepDisks(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const owner = new RegExp(`^${DISK}(\\d+)-`).exec(entry)?.[1];
    if (owner && !isAlive(Number(owner))) await unmount(join(tmpdir(), entry));
  }
}
