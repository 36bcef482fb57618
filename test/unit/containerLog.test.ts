import { ContainerLog } from "../../engine/containerLog.ts";
import { chooseEngine } from "../../engine/engine.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";
import { container, noContainer } from "../support/stepInputs.ts";

const line = (number: number) => `2026-01-02T03:04:05.00000000${number}Z line ${number}`;
const lines = (...numbers: number[]) => numbers.map(line).join("\n");

/** A log of a container on an engine that answers so, and the lines that it told. */
function logOn(answers: readonly Answer[]) {
  const engine = fakeEngine(answers);
  chooseEngine({ host: engine.host, from: "a test" });
  const told: string[] = [];
  return { engine, told, log: new ContainerLog("web-1", (text) => told.push(text)) };
}
const signal = new AbortController().signal;

test("what was told does not come again, though the engine gives it again", async () => {
  const { engine, told, log } = logOn([
    { to: "logs web-1 tail=2", stdout: lines(1, 2) },
    { to: "logs web-1 follow", stdout: lines(2, 3), times: 1 },
    { ...container("web-1"), times: 1 },
    { to: "logs web-1 follow", stdout: lines(1, 2, 3, 4), times: 1 },
    container("web-1", { status: "exited" }),
    { to: "logs web-1 since=", stdout: lines(4, 5) },
  ]);
  await log.read(2);
  await log.follow({ signal });
  await log.read();
  expect(told).toEqual([1, 2, 3, 4, 5].map((number) => `line ${number}`));
  expect(engine.calls().filter((call) => call.startsWith("logs"))).toEqual(
    ["tail=2", "follow since=1767323045.000000000", "follow since=1767323045.000000000", "since=1767323045.000000000"].map(
      (words) => `logs web-1 ${words}`,
    ),
  );
});

test("a connection that breaks is no end", async () => {
  const { told, log } = logOn([
    { to: "logs web-1 follow", breaks: true, times: 1 },
    { to: "logs web-1 follow", stdout: lines(1) },
    noContainer("web-1"),
  ]);
  await log.follow({ signal });
  expect(told).toEqual(["line 1"]);
});

test.each<[string, Answer, object, string]>([
  ["that the engine ends each time", container("web-1"), {}, "the engine ends it"],
  ["of a container that has ended and should not", container("web-1", { status: "exited" }), { endless: true }, "the container has ended"],
])("a log %s cannot be followed after a while", async (_, state, options, why) => {
  const { log } = logOn([{ to: "logs web-1 follow", stdout: lines(1) }, state]);
  await expect(log.follow({ signal, patience: 0.5, ...options })).rejects.toThrow(
    `the log of container web-1 could not be followed for 0.5 s: ${why}`,
  );
});

test("a log that the engine refuses is an error at once", async () => {
  const { log } = logOn([{ to: "logs web-1", status: 404, message: "No such container" }]);
  await expect(log.follow({ signal })).rejects.toThrow("No such container");
});

test("a signal ends it without an error", async () => {
  const { told, log } = logOn([{ to: "logs web-1 follow", stdout: lines(1), open: 60 }, container("web-1")]);
  const enough = new AbortController();
  const following = log.follow({ signal: enough.signal });
  setTimeout(() => enough.abort(), 200);
  await following;
  expect(told).toEqual(["line 1"]);
});
