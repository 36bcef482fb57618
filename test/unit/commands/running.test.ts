import { findRunning } from "../../../commands/secrets/running.ts";
import { listed, useEngine } from "../../support/useEngine.ts";

const OWNER = { project: "berth", stack: "dev" };
const HASHES = { "berth.secrets": '{"pin":"p"}' };
const labels = (part: string, more: Readonly<Record<string, string>> = {}) => ({ "berth.part": part, ...HASHES, ...more });

test("what runs with secrets is told by its labels, in one question", async () => {
  const engine = useEngine([
    {
      to: "containers",
      json: [
        listed("berth-dev-web-1-0abcdef", labels("web", { "berth.settings": '{"secretsFor":{"web":["pin"]}}' })),
        listed("berth-dev-worker-mail-1-0abcdef", labels("worker")),
        listed("berth-dev-job-migration-0abcdef", labels("job")),
      ],
    },
  ]);
  expect(await findRunning(OWNER)).toEqual([
    { container: "berth-dev-web-1-0abcdef", process: "web", hashes: { pin: "p" }, gets: ["pin"], made: [] },
    { container: "berth-dev-worker-mail-1-0abcdef", process: "mail", hashes: { pin: "p" }, gets: undefined, made: [] },
  ]);
  expect(engine.calls()).toEqual(["containers label=berth.project=berth label=berth.stack=dev label=berth.secrets"]);
});

test("an engine that does not answer is no stack without secrets", async () => {
  useEngine([{ to: "containers", status: 500, message: "broken" }]);
  await expect(findRunning(OWNER)).rejects.toThrow(/refused a list of containers: broken/);
});
