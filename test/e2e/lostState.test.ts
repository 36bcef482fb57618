/** A state that is lost does not take what runs with it, and comes back as docs/guides/lost-state.md says. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../support/freePort.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker, lines } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";
import { longTest } from "./support/long.ts";
import { HOST, selfSigned } from "./support/selfSigned.ts";

const guide = new Guide("docs/guides/lost-state.md");
const PAGE = "app/src/page/layout.ts";

const BASE = {
  volumes: [{ name: "data", target: "/data" }],
  workers: [{ name: "idle", command: ["-e", "setInterval(() => undefined, 1000)"], replicas: 1 }],
  drain: "1s",
};

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make(BASE);
  await app.secret("secrets.token", "hush");
  await app.upOk();
});
afterAll(() => app?.remove());

/** Each container with its id and the time of its start. */
const running = async () =>
  lines(await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...(await census(app.stack)).containers));

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Pulumi's record: each thing with its id on the engine, and all that the stack says of itself. */
async function record() {
  const { stdout } = await app.pulumiOk("stack", "export", "--show-secrets", "--stack", app.stack);
  const { resources } = (JSON.parse(stdout) as { deployment: { resources: Resource[] } }).deployment;
  const things = resources.filter(({ type }) => !/^pulumi:(providers|pulumi:StackReference)/.test(type));
  return {
    things: things.map(({ urn, type, id }) => `${urn} ${type.startsWith("docker:") ? id : ""}`).sort(),
    outputs: things.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs,
    text: stdout,
  };
}

/** Removes what Pulumi has written of the stack. */
async function loseState(): Promise<void> {
  const folder = join(app.folder, ".berth", "state", ".pulumi");
  for (const file of await readdir(folder, { recursive: true }))
    if (file.includes(app.stack)) await rm(join(folder, file), { recursive: true, force: true });
}

test("nothing is touched where the record is lost, and all goes on once a backup of it is there", async () => {
  await app.write("export.json", (await record()).text);
  const [before, serving] = [await census(app.stack), await running()];
  await loseState();
  for (const ran of [await app.npm("up", "--yes"), await app.npm("preview"), await app.npm("drift")]) {
    expect(ran.output).toMatch(
      /error: Pulumi's record of stack \S+ is empty, but the engine runs it \(berth-\S+-web-1-\w+, berth-\S+-web-2-\w+\): bring the record back/,
    );
    expect(ran.output).toContain(`with an empty volume (not ${before.volumes.find((name) => name.includes("-data-"))})`);
    expect(ran.output).not.toMatch(/\n\s+at .*\.[jt]s:\d+/);
    expect(ran.code).toBe(1);
  }
  const plain = await app.pulumi("preview", "--stack", app.stack);
  expect(plain.output).toMatch(
    /error: the engine runs stack \S+, and Pulumi knows of no release of it: its state was lost, .*, and npm run adopt \(nothing was changed\)/,
  );
  expect(plain.code).not.toBe(0);
  const [imported] = await guide.run(app, "From a backup");
  expect(imported).toMatchObject({ code: 0 });
  expect((await app.pulumiOk("preview", "--expect-no-changes", "--stack", app.stack)).output).toMatch(/\d+ unchanged/);
  expect(await census(app.stack)).toEqual(before);
  expect(await running()).toEqual(serving);
  expect((await app.npm("adopt")).output).toMatch(/error: Pulumi's record of stack \S+ is there: adopt is for a state that was lost/);
});

test("it is rebuilt from what runs: the same containers, volumes, ledger and key, and an update changes nothing", async () => {
  const [before, things, serving] = [await record(), await census(app.stack), await running()];
  await loseState();
  await app.edit(PAGE, '<meta charset="utf-8">', '<meta charset="UTF-8">');
  const refused = await app.npm("adopt");
  expect(refused.output).toMatch(
    /error: stack \S+ serves release \w{12}, and this checkout makes \w{12}: what the image is built from differs\. Nothing was changed\./,
  );
  expect(refused.output).toContain(
    `npm run pulumi -- config set berth:release ${String(before.outputs?.["release"])} --stack ${app.stack}`,
  );
  expect(refused.code).toBe(1);
  await app.edit(PAGE, '<meta charset="UTF-8">', '<meta charset="utf-8">');

  const [followed] = await guide.run(app, "From what runs");
  expect(followed?.output).toMatch(
    /is back: release \w{12} is live, the data are in \S+-data-volume-\w+\. Nothing on the engine was touched\.\nAn update would change nothing\.\n/,
  );
  expect(followed?.output).toMatch(/Resources:\n {4}\d+ unchanged\n/);
  expect(followed?.code).toBe(0);
  const after = await record();
  expect(after.things).toEqual(before.things);
  expect(after.outputs).toEqual(before.outputs);
  expect(await census(app.stack)).toEqual(things);
  expect(await running()).toEqual(serving);
  expect(guide.left()).toEqual([]);
});

longTest(
  "a stack with all that there is comes back as well: a canary beside the live release, a database, a certificate, jobs",
  async () => {
    const job = { command: ["-e", "0"] };
    const config = {
      ...BASE,
      hosts: [HOST],
      httpsPort: await freePort(),
      accessories: [{ name: "cache", kind: "redis" }],
      migration: job,
      smokeTest: job,
      binds: [{ source: join(app.folder, "app"), target: "/sources" }],
      tmpfs: [{ target: "/cache", size: "8M" }],
      secretsFor: { web: ["token"] },
    };
    const { certificate, key } = selfSigned(app.folder, "server");
    const configure = async (more: object) => {
      await app.configure({ ...config, ...more });
      await app.secret("secrets.token", "hush");
      await app.secret("tls.certificate", certificate);
      await app.secret("tls.key", key);
    };
    await configure({});
    await app.upOk();
    await configure({ env: { GREETING: "Canary" }, canary: { replicas: 1, duration: "1s" } });
    expect((await app.npm("up", "--yes")).output).toMatch(/canary \S+ is held/);

    const [before, things, serving] = [await record(), await census(app.stack), await running()];
    await loseState();
    const adopted = await app.npm("adopt");
    expect(adopted.output).toContain("An update would change nothing.\n");
    expect(adopted.code).toBe(0);
    const after = await record();
    expect(after.things).toEqual(before.things);
    // How it was judged is forgotten
    expect(after.outputs).toEqual({ ...before.outputs, canary: { ...(before.outputs?.["canary"] as object), verdict: "" } });
    await app.upOk("--expect-no-changes");
    expect([await census(app.stack), await running()]).toEqual([things, serving]);
  },
);
