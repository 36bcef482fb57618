import { followLogs, logLines, logsOf } from "../../../engine/containers.ts";
import { useEngine } from "../../support/useEngine.ts";

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const got: string[] = [];
  for await (const line of lines) got.push(line);
  return got;
}

test("the lines of a log come one after the other, those of both outputs, with the last one whole", async () => {
  const engine = useEngine([{ to: "logs web-1", stdout: "one\r\ntwo\n\nthree", stderr: "trouble" }]);
  expect(await all(logLines("web-1", { tail: 5 }))).toEqual(["one", "two", "", "three", "trouble"]);
  expect(await all(logLines("web-1", { follow: true }))).toHaveLength(5);
  expect(await logsOf("web-1")).toBe("one\r\ntwo\n\nthree\ntrouble\n");
  expect(engine.calls().slice(0, 2)).toEqual(["logs web-1 tail=5", "logs web-1 follow"]);
});

test("all lines of a log that is followed are told before its end is", async () => {
  useEngine([{ to: "logs web-1", stdout: Array.from({ length: 5000 }, (_, index) => `line ${index}`).join("\n") }]);
  const lines: string[] = [];
  await followLogs("web-1", {}, (line) => lines.push(line));
  expect(lines).toHaveLength(5000);
});

test("a log that cannot be had is an error in the engine's words", async () => {
  useEngine([{ to: "logs gone", status: 404, message: "No such container: gone" }]);
  await expect(all(logLines("gone"))).rejects.toMatchObject({ status: 404 });
});

test("a log that breaks is an error that says of what", async () => {
  useEngine([{ to: "logs web-1", breaks: true }]);
  const words = /^the connection to the Docker engine at .* broke .*: asked for the log of container web-1$/;
  await expect(all(logLines("web-1"))).rejects.toThrow(words);
});
