import { StackKey } from "../../components/stackKey.ts";
import { declare } from "../support/program.ts";
import { runNode } from "../support/step.ts";
import { Secret } from "../support/values.ts";

const declareKey = (known?: string) => declare(() => ({ key: new StackKey("app-key", { known }).key }));
const printed = async (stdin: string, env: NodeJS.ProcessEnv = {}) =>
  (await runNode(["steps/key.ts"], { ...process.env, ...env }, stdin)).stdout;

test("the key of a stack is a secret that a step has made up, and that is in no log", async () => {
  const program = await declareKey();
  expect(program.get("app-key-random").inputs).toEqual({ create: "node steps/key.ts", logging: "none" });
  expect(program.outputs["key"]).toEqual(new Secret("stdout-of-app-key-random"));
});

test("the key that a stack has already reaches the step as a secret by standard input", async () => {
  expect((await declareKey("abc")).get("app-key-random").inputs["stdin"]).toEqual(new Secret("abc"));
});

test.concurrent("the step makes up a new key of 32 bytes each time", async () => {
  const keys = await Promise.all([printed(""), printed("")]);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}\n$/);
  expect(keys[0]).not.toBe(keys[1]);
});

test.concurrent("the step keeps the key that is known, and before all the one that it has printed", async () => {
  expect(await printed("known")).toBe("known\n");
  expect(await printed("known", { PULUMI_COMMAND_STDOUT: "printed" })).toBe("printed\n");
});
