/** A state that is lost does not take what runs with it. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { census, docker, lines } from "./support/engine.ts";

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }], drain: "1s" });
  await app.upOk();
});
afterAll(() => app?.remove());

/** Each container with its id and the time of its start. */
const running = async () => lines(await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...(await census(app.stack)).containers));

/** Removes what Pulumi has written of the stack. */
async function loseState(): Promise<void> {
  const folder = join(app.folder, ".berth", "state", ".pulumi");
  for (const file of await readdir(folder, { recursive: true })) if (file.includes(app.stack)) await rm(join(folder, file), { recursive: true, force: true });
}

test("nothing is touched where the record is lost, and it goes on once the record is back", async () => {
  const { stdout: exported } = await app.pulumiOk("stack", "export", "--stack", app.stack);
  await app.write("export.json", exported);
  const [before, serving] = [await census(app.stack), await running()];
  await loseState();
  for (const ran of [await app.npm("up", "--yes"), await app.npm("preview"), await app.npm("drift")]) {
    expect(ran.output).toMatch(/error: Pulumi's record of stack \S+ is empty, but the engine runs it \(berth-\S+-web-1-\w+, berth-\S+-web-2-\w+\): bring the record back/);
    expect(ran.output).toContain(`with an empty volume (not ${before.volumes.find((name) => name.includes("-data-"))})`);
    expect(ran.output).not.toMatch(/\n\s+at .*\.[jt]s:\d+/);
    expect(ran.code).toBe(1);
  }
  expect(await census(app.stack)).toEqual(before);
  expect(await running()).toEqual(serving);

  await app.pulumiOk("stack", "import", "--stack", app.stack, "--file", "export.json");
  await app.upOk("--expect-no-changes");
  expect(await running()).toEqual(serving);
});
