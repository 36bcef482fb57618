import { checkEngine } from "../../preflight/preflight.ts";
import { OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { setEnvironment } from "../support/environment.ts";
import { fakeDocker } from "../support/fakeDocker.ts";

// The check's patience is made short here, so that the test need not wait for it.
jest.mock("node:child_process", () => {
  const real = jest.requireActual<typeof import("node:child_process")>("node:child_process");
  const { promisify } = jest.requireActual<typeof import("node:util")>("node:util");
  const run = promisify(real.execFile);
  const execFile = { [promisify.custom]: (file: string, words: string[], options: { timeout?: number }) => run(file, words, { ...options, timeout: (options.timeout ?? 0) / 75 }) };
  return { ...real, execFile: Object.assign(() => undefined, execFile) };
});

test("an engine that gives no answer is not waited for without end", async () => {
  setEnvironment(fakeDocker([{ to: "version", seconds: 20 }]).env);
  await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow(
    "the Docker engine at unix:///nonexistent/docker.sock gave no answer in 15 s: check it with: docker info",
  );
});
