/** Berth's side: a copy of the checkout with a stack, a backend and a port of its own. */
import { join } from "node:path";
import { Checkout } from "../e2e/support/checkout.ts";
import type { Command } from "./measure.ts";
import { Editions, type Side } from "./side.ts";

/** As a person's shell has it: the commands set these themselves. */
const UNSET = { GOGC: undefined, GOMEMLIMIT: undefined, NODE_OPTIONS: undefined, BERTH_LONG: undefined };

export class BerthSide implements Side {
  readonly name = "Berth";
  readonly checkout: Checkout;
  readonly #editions: Editions;

  private constructor(checkout: Checkout) {
    this.checkout = checkout;
    this.#editions = new Editions(join(checkout.folder, "app"));
  }

  static async make(): Promise<BerthSide> {
    return new BerthSide(await Checkout.make(settings(2), { name: "bench", env: UNSET }));
  }

  get url(): string {
    return this.checkout.url;
  }

  get update(): Command {
    return this.#npm("up", "--yes");
  }

  get status(): Command {
    return this.#npm("status");
  }

  change(): Promise<void> {
    return this.#editions.change();
  }

  replicas(wanted: number): Promise<void> {
    return this.checkout.configure(settings(wanted));
  }

  /** Nothing to do: what it does between updates is a probe of each replica per second, by the gateway. */
  async pause(): Promise<void> {}
  async resume(): Promise<void> {}

  remove(): Promise<void> {
    return this.checkout.remove();
  }

  #npm(verb: string, ...words: string[]): Command {
    const { folder, env, stack } = this.checkout;
    return { words: ["npm", "run", "--silent", verb, "--", "--stack", stack, ...words], folder, env };
  }
}

const settings = (replicas: number): Record<string, unknown> => ({ replicas, volumes: [{ name: "data", target: "/data" }] });
