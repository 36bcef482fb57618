/** Has this test file's own process ask a stand-in of the engine. */
import { chooseEngine } from "../../engine/engine.ts";
import { type Answer, type FakeEngine, fakeEngine } from "./fakeEngine.ts";

/** Makes it, and chooses it until the next one is made. */
export function useEngine(answers: readonly Answer[]): FakeEngine {
  const engine = fakeEngine(answers);
  chooseEngine({ host: engine.host, from: "a test" });
  return engine;
}

/** A container as the engine tells it. */
export const inspected = (name: string, labels: Readonly<Record<string, string>> = {}, state: object = {}) => ({
  Id: `id-${name}`,
  Name: `/${name}`,
  Image: "sha256:1",
  Created: "2026-01-01T00:00:00Z",
  RestartCount: 0,
  State: { Status: "running", ExitCode: 0, OOMKilled: false, StartedAt: "2026-01-01T00:00:00Z", FinishedAt: "", ...state },
  Config: { Image: "app", Env: ["PORT=8080"], Labels: labels, User: "" },
  HostConfig: { Memory: 512 * 1024 ** 2, NanoCpus: 1e9, PidsLimit: 256 },
  Mounts: [],
  NetworkSettings: { Networks: { net: { IPAddress: "10.0.0.2" } } },
});

/** The same in a list. */
export const listed = (name: string, labels: Readonly<Record<string, string>> = {}, state = "running") => ({
  Id: `id-${name}`,
  Names: [`/${name}`],
  Image: "app",
  Labels: labels,
  Created: 0,
  State: state,
  Status: state,
});
