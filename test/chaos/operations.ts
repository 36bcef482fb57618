/** What a person or bad luck does to a stack, as commands of fast-check. */
import fc from "fast-check";
import { docker } from "../e2e/support/engine.ts";
import { startLoad } from "../e2e/support/load.ts";
import { liveOf, type Model, wentLive, type Wish } from "./model.ts";
import { KEEP, type Real } from "./real.ts";

type Operation = fc.AsyncCommand<Model, Real>;

/** One kind of operation: its words, when it makes sense, and what it does to both. */
function operation(words: string, check: (model: Model) => boolean, run: (model: Model, real: Real) => Promise<void>): Operation {
  return {
    toString: () => words,
    check,
    async run(model, real) {
      await real.step(words, model, () => run(model, real));
    },
  };
}

const always = () => true;
const next = (model: Model, replicas = liveOf(model).replicas): Wish => ({ greeting: `Wish ${++model.wishes}`, replicas });

const release = () =>
  operation("release", always, async (model, real) => {
    const wish = next(model);
    await real.configure(wish);
    await real.up(0);
    wentLive(model, wish, KEEP);
  });

const badRelease = () =>
  operation("release that never gets healthy", always, async (model, real) => {
    await real.configure(next(model), { env: { DATA_DIR: "/nowhere" }, health: { deadline: "5s" } });
    const { output } = await real.up(1);
    if (!output.includes("is not healthy")) throw new Error(`it failed for another reason:\n${output}`);
    model.leftovers = true;
    await real.configure(liveOf(model));
  });

const bakedBadRelease = () =>
  operation("release that answers with errors while it bakes", always, async (model, real) => {
    await real.configure(next(model), { bake: "20s" });
    await real.breakApp();
    const load = await startLoad({ url: real.checkout.url, pause: 50, kinds: ["newConnection"] });
    const { output } = await real.up(1).finally(() => load.stop());
    // Where the only replica was removed by hand, nothing is left that the traffic could go back to: the next good update heals that.
    const alone = model.damaged && liveOf(model).replicas === 1;
    if (!output.includes("was taken back") && !(alone && output.includes("There is no earlier release to go back to")))
      throw new Error(`it failed for another reason:\n${output}`);
    model.leftovers = true;
    await real.mendApp();
    await real.configure(liveOf(model));
  });

const settingsChange = (replicas: number) =>
  operation(
    `${replicas} replicas`,
    (model) => liveOf(model).replicas !== replicas,
    async (model, real) => {
      const wish = { ...liveOf(model), replicas };
      await real.configure(wish);
      await real.up(0);
      wentLive(model, wish, KEEP);
    },
  );

const rollback = () =>
  operation(
    "rollback",
    ({ ledger }) => ledger.length > 1,
    async (model, real) => {
      const [, earlier] = model.ledger;
      await real.run("rollback", 0);
      wentLive(model, earlier ?? liveOf(model), KEEP);
    },
  );

const upAgain = () =>
  operation("up without a change", always, async (model, real) => {
    await real.configure(liveOf(model));
    await real.up(0);
    wentLive(model, liveOf(model), KEEP);
  });

const strike = (words: string, ...command: string[]) =>
  operation(
    words,
    ({ damaged }) => !damaged,
    async (model, real) => {
      await docker(...command, await real.victim(command[0] === "rm" && words.includes("gateway") ? "gateway" : "web"));
      model.damaged = true;
    },
  );

/** Good releases come more often than each of the others. */
export const operations = (most: number): fc.Arbitrary<Iterable<Operation>> =>
  fc.commands(
    [
      fc.constantFrom(0, 1).map(release),
      fc.constant(0).map(badRelease),
      fc.constant(0).map(bakedBadRelease),
      fc.integer({ min: 1, max: 3 }).map(settingsChange),
      fc.constant(0).map(rollback),
      fc.constant(0).map(upAgain),
      fc.constant(0).map(() => strike("kill of a replica", "kill")),
      fc.constant(0).map(() => strike("a replica removed by hand", "rm", "--force")),
      fc.constant(0).map(() => strike("the gateway removed by hand", "rm", "--force")),
    ],
    { maxCommands: most, size: "max" },
  );
