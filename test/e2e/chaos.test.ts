/** The short form of `npm run chaos`: some faults at some steps under load, and some random operations against a model. */
import { runCell } from "../chaos/cell.ts";
import { FAULTS } from "../chaos/faults.ts";
import { Ground } from "../chaos/ground.ts";
import { runSequences } from "../chaos/sequences.ts";
import type { Step } from "../chaos/steps.ts";
import { LONG } from "./support/long.ts";

/** Decides the operations: this one has a replica removed, a release, one that never gets healthy, and another number of replicas. */
const SEED = 3855;
const STEPS = LONG ? 8 : 4;

/** Most seconds until people are served again, while other tests run beside. */
const BUSY = 20;

const CELLS: readonly [fault: string, step: Step][] = [
  ["plugin-kill", "create"],
  ["cli-kill", "drain"],
  ["replica-pause", "gate"],
  ["gateway-kill", "idle"],
];

describe("whatever goes wrong in an update, one more puts it right", () => {
  let ground: Ground | undefined;
  beforeAll(async () => {
    ground = await Ground.make({ disk: false });
  });
  afterAll(() => ground?.remove());

  test.each(CELLS.slice(0, LONG ? CELLS.length : 1))("%s at %s", async (name, step) => {
    const fault = FAULTS.find((one) => one.name === name);
    if (!ground || !fault) throw new Error(`there is no fault "${name}"`);
    const { requests, failed, secondsToRecover, problems, outputs } = await runCell(ground, fault, step, BUSY);
    console.log(`${name} at ${step}: ${requests} requests, ${failed} failed, recovered after ${secondsToRecover.toFixed(1)} s`);
    expect({ problems, outputs }).toEqual({ problems: [], outputs: undefined });
  });
});

test("random operations leave the stack as a small model says", async () => {
  const said: string[] = [];
  // Not shortened here, for that takes many more operations: npm run chaos -- --sequences --seed <the same> does.
  const { failure, steps } = await runSequences({
    seed: SEED,
    steps: STEPS,
    most: STEPS + 1,
    shrink: false,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
  });
  console.log(said.join("\n"));
  expect(failure).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(STEPS);
});
