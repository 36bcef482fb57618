/** A real stack that random operations are done to, and its comparison with the model. */
import { randomUUID } from "node:crypto";
import { Checkout } from "../e2e/support/checkout.ts";
import { docker, lines } from "../e2e/support/engine.ts";
import { liveOf, type Model, sameWish, type Wish } from "./model.ts";
import { storedNotes, wrongNotes } from "./notes.ts";
import { type Ended, startCommand } from "./update.ts";
import { about, differences, gatewayOf, recorded } from "./view.ts";

/** Releases before the live one that stay in the ledger. */
export const KEEP = 3;
const STATUS = "app/src/routes/status.ts";
const GOOD = 'web.get("/about", async () => ({';
const BAD = 'web.get("/about", async () => ({ broken: (() => { throw new Error("out of order"); })(),';
const NOTES_PER_STEP = 3;

export class Real {
  readonly checkout: Checkout;
  /** Operations that were done. */
  readonly steps: string[] = [];
  readonly #told: (words: string, seconds: number) => void;
  /** Names that releases were given, with what was wished for. */
  readonly #names = new Map<string, Wish>();

  private constructor(checkout: Checkout, told: (words: string, seconds: number) => void) {
    this.checkout = checkout;
    this.#told = told;
  }

  /** Makes a stack and brings the first wish live. */
  static async make(first: Wish, told: (words: string, seconds: number) => void): Promise<Real> {
    const real = new Real(await Checkout.make(settings(first), { name: "chaos" }), told);
    try {
      await real.up(0);
      real.#names.set((await recorded(real.checkout)).release, first);
    } catch (error) {
      await real.remove();
      throw error;
    }
    return real;
  }

  configure(wish: Wish, more: { env?: Record<string, string> } & Record<string, unknown> = {}): Promise<void> {
    return this.checkout.configure({ ...settings(wish), ...more, env: { GREETING: wish.greeting, ...more.env } });
  }

  breakApp = () => this.checkout.edit(STATUS, GOOD, BAD);
  mendApp = () => this.checkout.edit(STATUS, BAD, GOOD);

  /** @throws Error where the command does not end as wanted: 0 for success, 1 for any failure */
  async run(verb: string, wanted: 0 | 1, ...words: string[]): Promise<Ended> {
    const ended = await startCommand(this.checkout, verb, ...words).ended;
    if (ended.hung || (ended.code === 0) !== (wanted === 0))
      throw new Error(`npm run ${verb} ended with ${ended.code}${ended.hung ? " (it hung)" : ""}:\n${ended.output}`);
    return ended;
  }

  up = (wanted: 0 | 1): Promise<Ended> => this.run("up", wanted, "--yes");

  /** A running container of the live release, or the gateway. */
  async victim(part: "web" | "gateway"): Promise<string> {
    if (part === "gateway") return gatewayOf(this.checkout.stack);
    return (await recorded(this.checkout)).replicas[0] ?? "";
  }

  /** Does an operation, and holds the outcome against the model. */
  async step(words: string, model: Model, operation: () => Promise<void>): Promise<void> {
    const started = Date.now();
    this.steps.push(words);
    await operation();
    const problems = await this.#compare(model);
    this.#told(words, (Date.now() - started) / 1000);
    if (problems.length > 0) throw new Error(`after ${this.steps.join(", ")}: ${problems.join("; ")}`);
  }

  async #compare(model: Model): Promise<string[]> {
    const { checkout } = this;
    const live = liveOf(model);
    const is = await recorded(checkout);
    if (!this.#names.has(is.release)) this.#names.set(is.release, live);
    const ledger = is.ledger.map((name) => this.#names.get(name));
    const agrees =
      ledger.length === model.ledger.length &&
      model.ledger.every((wish, index) => sameWish(wish, ledger[index] ?? { greeting: "", replicas: 0 }));
    const problems = agrees
      ? []
      : [`the ledger has ${is.ledger.join(", ")}: ${JSON.stringify(ledger)}, the model ${JSON.stringify(model.ledger)}`];
    if (model.damaged) return problems;

    const answer = await about(checkout.url);
    if (answer?.greeting !== live.greeting || answer.release !== is.release)
      problems.push(`${JSON.stringify(answer)} serves, wanted "${live.greeting}" of ${is.release}`);
    const filters = [`label=berth.stack=${checkout.stack}`, "label=berth.part=web", `label=berth.release=${is.release}`].flatMap(
      (filter) => ["--filter", filter],
    );
    const running = lines(await docker("ps", "--quiet", ...filters)).length;
    if (running !== live.replicas) problems.push(`${running} replicas run, wanted ${live.replicas}`);
    if (!model.leftovers) problems.push(...forgiven(await differences(checkout.stack, is)));
    for (let count = 0; count < NOTES_PER_STEP; count++) {
      const id = randomUUID();
      const headers = { "content-type": "application/json", accept: "application/json" };
      const { status } = await fetch(`${checkout.url}/notes`, {
        method: "POST",
        headers,
        body: JSON.stringify({ id, text: `note ${id}` }),
      });
      if (status === 201) model.notes.add(id);
      else problems.push(`a POST was answered with ${status}`);
    }
    return [...problems, ...wrongNotes(model.notes, await storedNotes(checkout.url))];
  }

  remove(): Promise<void> {
    return this.checkout.remove();
  }
}

/** The image of a release that failed goes one release later than its containers, and all that bake are of one image. */
function forgiven(problems: readonly string[]): string[] {
  const image = problems.find((problem) => problem.startsWith("left over: image"));
  return problems.filter((problem) => problem !== image);
}

function settings({ greeting, replicas }: Wish): Record<string, unknown> {
  return {
    volumes: [{ name: "data", target: "/data" }],
    env: { GREETING: greeting },
    replicas,
    keepReleases: KEEP,
    health: { deadline: "15s" },
    drain: "5s",
  };
}
