/** All that is compared, live on the engine, and how it goes again. */
import { join } from "node:path";
import { composePrograms } from "../../toolchain/compose.ts";
import { thisMachine } from "../../toolchain/machine.ts";
import { BerthSide } from "./berth.ts";
import { ComposeSide } from "./compose.ts";
import type { Part } from "./figures.ts";
import { Floor } from "./floor.ts";
import { type Command, measure, type Measured, type Watch } from "./measure.ts";
import type { Side } from "./side.ts";

export interface GroundArgs {
  readonly root: string;
  /** What will be measured; only what that takes is made. */
  readonly parts: readonly Part[];
  readonly signal: AbortSignal;
  say(line: string): void;
}

export class Ground {
  readonly berth: BerthSide;
  /** Those that have been made, Berth first. */
  readonly sides: Side[];
  readonly #signal: AbortSignal;
  #floor: Floor | undefined;

  private constructor(berth: BerthSide, signal: AbortSignal) {
    [this.berth, this.sides, this.#signal] = [berth, [berth], signal];
  }

  static async make({ root, parts, signal, say }: GroundArgs): Promise<Ground> {
    const ground = new Ground(await BerthSide.make(), signal);
    try {
      const { folder } = ground.berth.checkout;
      const programs = await composePrograms(thisMachine(root));
      const compose = (name: "Compose" | "Compose, 1 replica", replicas: number) =>
        ComposeSide.make({ name, app: join(folder, "app"), folder: join(folder, ".berth", "bench", String(replicas)), replicas, programs });
      if (parts.some((part) => !["floor", "trace"].includes(part))) ground.sides.push(await compose("Compose", 2));
      if (parts.includes("release")) ground.sides.push(await compose("Compose, 1 replica", 1));
      for (const side of ground.sides) say(`first update, ${side.name}: ${(await ground.run(side, side.update)).seconds.toFixed(2)} s`);
      if (parts.includes("floor") || parts.includes("replicas")) {
        ground.#floor = await Floor.make(ground.berth.checkout);
        say(`first update, Pulumi alone: ${(await ground.alone(ground.#floor.update)).seconds.toFixed(2)} s`);
      }
      return ground;
    } catch (error) {
      await ground.remove();
      throw error;
    }
  }

  get floor(): Floor {
    if (this.#floor === undefined) throw new Error("there is no floor");
    return this.#floor;
  }

  /** Runs a command of a side while the others keep still. */
  async run(side: Side, command: Command, watch: Omit<Watch, "signal"> = {}): Promise<Measured> {
    await this.only(side);
    return measure(command, { ...watch, signal: this.#signal });
  }

  /** Runs a command while all sides keep still. */
  async alone(command: Command): Promise<Measured> {
    await this.only(undefined);
    return measure(command, { signal: this.#signal });
  }

  /** Has all sides but this one keep still, from now on. */
  async only(side: Side | undefined): Promise<void> {
    for (const other of this.sides) if (other !== side) await other.pause();
    await side?.resume();
  }

  /** Removes all of it. */
  async remove(): Promise<void> {
    for (const side of this.sides.toReversed()) await side.remove();
  }
}
