/** What brings back what was live outlives a question that the engine leaves open. */
import { proxy } from "../../support/stepInputs.ts";
import { EngineError } from "../../../docker/engineError.ts";
import { tryGateway } from "../../../engine/gateway.ts";
import { persist } from "../../../steps/persist.ts";
import { useEngine } from "../../support/useEngine.ts";

const failing = (times: number, error: Error) => {
  let calls = 0;
  return {
    work: async () => {
      if (++calls <= times) throw error;
      return calls;
    },
    calls: () => calls,
  };
};
const refused = (status: number) => new EngineError("refused", "refused", status, "out of order");

beforeEach(() => void jest.spyOn(console, "log").mockImplementation(() => undefined));

test.each([
  ["has trouble of its own once", 1, refused(500), 2],
  ["breaks off twice", 2, new EngineError("broke", "broken"), 3],
])("an engine that %s is asked again", async (_, times, error, calls) => expect(await persist(failing(times, error).work)).toBe(calls));

test.each([
  ["refuses again", 9, refused(500), 2],
  ["says that there is no such thing", 9, refused(404), 1],
])("an engine that %s is believed", async (_, times, error, calls) => {
  const failed = failing(times, error);
  await expect(persist(failed.work)).rejects.toBe(error);
  expect(failed.calls()).toBe(calls);
});

test("a fault of the program is none of the engine's", () =>
  expect(persist(failing(1, new TypeError("no")).work)).rejects.toThrow(TypeError));

describe("a word to the gateway", () => {
  test("that the engine fails to pass on is no answer of the gateway's", async () => {
    useEngine([proxy("list", { status: 500, message: "out of order" })]);
    await expect(tryGateway("gw", ["list"])).rejects.toThrow(/ refused to run kamal-proxy list in container gw: out of order$/);
  });

  test("whose end the engine does not tell may have been done, and is not refused", async () => {
    useEngine([proxy("deploy app", { untold: "out of order" })]);
    await expect(tryGateway("gw", ["deploy", "app"])).rejects.toMatchObject({
      failure: "broken",
      message: expect.stringMatching(/refused how kamal-proxy in container gw ended: out of order$/) as string,
    });
  });
});
