import { pathToFileURL } from "node:url";
import { runNode } from "../support/step.ts";

const run = (program: string) =>
  runNode(
    ["--input-type=module", "--eval", `import { mustComeToItsEnd } from "${pathToFileURL("settings/guard.ts").href}";\n${program}`],
    process.env,
  );

test.concurrent("a program that waits for what never comes ends with an exit code that is not 0, and says so", async () => {
  const { code, stderr } = await run('mustComeToItsEnd("this step"); void new Promise(() => undefined).then(() => console.log("whole"));');
  expect([code, stderr]).toEqual([
    70,
    expect.stringMatching(/^this step ended before it had come to its end: nothing was left that it could wait for/),
  ]);
});

test.concurrent("a program that ends itself with 0 in its middle does, too", async () => {
  expect(await run('mustComeToItsEnd("this step"); process.exit(0);')).toMatchObject({
    code: 70,
    stderr: expect.stringMatching(/^this step ended before .*\n$/) as unknown,
  });
});

test.concurrent("Pulumi's question, asked when nothing is left to wait for, is answered with that code", async () => {
  const { stdout } = await run('mustComeToItsEnd("the program"); process.on("beforeExit", (code) => console.log(`code ${code}`));');
  expect(stdout).toBe("code 70\n");
});

test.concurrent("a program that comes to its end keeps its own exit code", async () => {
  expect((await run('mustComeToItsEnd("this step")();')).code).toBe(0);
  expect((await run('const whole = mustComeToItsEnd("this step"); process.exitCode = 3; whole();')).code).toBe(3);
  const failed = await run('mustComeToItsEnd("this step"); process.exitCode = 3;');
  expect([failed.code, failed.stderr]).toEqual([3, ""]);
});
