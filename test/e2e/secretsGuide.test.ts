/** Secrets are set, seen, rotated, told by a program and used in a build as docs/guides/secrets.md says. */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Checkout, type Ran } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";

const guide = new Guide("docs/guides/secrets.md");
const KEY = `-----BEGIN KEY-----\n${randomBytes(30).toString("base64")}\n-----END KEY-----\n`;
const TOLD = randomBytes(12).toString("hex");
const TOKEN = randomBytes(12).toString("hex");

let bin: string;
let app: Checkout;
beforeAll(async () => {
  bin = mkdtempSync(join(tmpdir(), "berth-pass-"));
  await pass(`test "$*" = "show shop/api-key" && echo ${TOLD}`);
  const config = Object.assign(
    {},
    ...["Who gets which", "From a password manager", "In a build"].map((heading) => guide.config(heading)),
  ) as Record<string, unknown>;
  app = await Checkout.make(
    { replicas: 1, volumes: [{ name: "data", target: "/data" }], drain: "2s", ...config },
    { env: { PATH: `${bin}${delimiter}${process.env["PATH"]}` } },
  );
  await app.write("key.pem", KEY);
  await app.edit(
    "app/Dockerfile",
    "USER node\n",
    `RUN --mount=type=secret,id=registry-token sha256sum /run/secrets/registry-token > /built-with && : ${randomBytes(4).toString("hex")}\nUSER node\n`,
  ); // not from the build's cache
});
afterAll(async () => {
  await app?.remove();
  rmSync(bin, { recursive: true, force: true });
});

/** The password manager of these tests. */
async function pass(script: string): Promise<void> {
  await writeFile(join(bin, "pass"), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, "pass"), 0o755);
}

const expectWell = (all: readonly Ran[]) => {
  for (const { code, output } of all) if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
};
const containers = async (part: string) => (await census(app.stack)).containers.filter((name) => name.includes(`-${part}-`));
const read = async (container: string | undefined, file: string) =>
  docker("exec", container ?? "", "node", "-e", `process.stdout.write(JSON.stringify(fs.readFileSync(${JSON.stringify(file)}, "utf8")))`);
const valueOf = async (container: string | undefined, name: string) => JSON.parse(await read(container, `/run/secrets/${name}`)) as string;
const listed = async () =>
  (
    JSON.parse((await app.npmOk("secrets", "--json")).stdout) as {
      secrets: { name: string; kept: string; processes: string[]; current: string[]; old: string[] }[];
    }
  ).secrets;

test("values from standard input, a program and a build arrive byte by byte where they belong, and nowhere else", async () => {
  execFileSync("npm", ["run", "--silent", "secrets", "--", "set", "registry-token", "--stack", app.stack], {
    cwd: app.folder,
    env: app.env,
    input: TOKEN,
  });
  expectWell(await guide.run(app, "Set one"));
  const [web] = await containers("web");
  const [mail] = await containers("worker-mail");
  expect(await valueOf(web, "key")).toBe(KEY);
  expect(await valueOf(web, "session")).toMatch(/^[0-9a-f]{64}$/);
  expect(await valueOf(mail, "api-key")).toBe(TOLD);
  for (const [container, names] of [
    [web, ["key", "session"]],
    [mail, ["api-key", "key", "session"]],
  ] as const) {
    expect((await docker("exec", container ?? "", "node", "-p", "fs.readdirSync('/run/secrets').join(' ')")).split(" ")).toEqual(names);
  }
  expect(await read(web, "/built-with")).toContain(createHash("sha256").update(TOKEN).digest("hex"));
});

test("what a program told and what a build used is in no image, log, state or file of the checkout", async () => {
  const [image = ""] = (await census(app.stack)).images;
  const traces = [TOLD, TOKEN, ...[TOLD, TOKEN].map((value) => Buffer.from(value).toString("base64"))];
  const state = (await app.pulumiOk("stack", "export", "--show-secrets", "--stack", app.stack)).stdout;
  const places: Record<string, string> = {
    "the image's layers": execFileSync("docker", ["save", image], { maxBuffer: 2 ** 30 }).toString("latin1"),
    "its history": await docker("history", "--no-trunc", image),
    "docker inspect": await docker("inspect", image, ...(await census(app.stack)).containers),
  };
  for (const log of readdirSync(join(app.folder, ".berth/builds")))
    places[log] = await readFile(join(app.folder, ".berth/builds", log), "latin1");
  for (const [where, text] of Object.entries(places))
    for (const trace of traces) expect({ where, found: text.includes(trace) }).toEqual({ where, found: false });
  for (const trace of [TOLD, Buffer.from(TOLD).toString("base64")]) expect(state).not.toContain(trace); // also where all is decrypted
  expect(existsSync(join(app.folder, ".berth/build-secrets", app.stack))).toBe(false);
  expect(
    existsSync("/dev/shm")
      ? readdirSync("/dev/shm").filter((name) => name.startsWith("berth-build-") && existsSync(join("/dev/shm", name, "registry-token")))
      : [],
  ).toEqual([]);
});

test("the list tells who runs with which secret, and who with an old value", async () => {
  expectWell(await guide.run(app, "See"));
  for (const secret of await listed()) expect(secret).toMatchObject(EXPECTED[secret.name] ?? { name: "none other" });
  await pass("echo another");
  const old = (await listed()).find(({ name }) => name === "api-key");
  expect(old).toMatchObject({ current: [], old: await containers("worker-mail") });
  const text = (await app.npmOk("secrets")).output;
  expect(text).toContain(`no: ${old?.old[0]}`);
  expect(text).toContain(`npm run up -- --stack ${app.stack} gives them today's values.`);
});

const EXPECTED: Record<string, object> = {
  "api-key": { kept: "program", processes: ["mail"], old: [] },
  key: { kept: "encrypted", processes: ["mail", "web"], old: [] },
  session: { kept: "encrypted", processes: ["mail", "web"], old: [] },
  "registry-token": { kept: "encrypted", processes: [] },
};

test("a program that fails stops the update with its own words, and changes nothing", async () => {
  await pass("echo secret; echo 'the password store is locked' >&2; exit 9");
  const { code, output } = await app.up();
  expect(code).not.toBe(0);
  expect(output).toContain(
    "berth:secrets.api-key: pass show shop/api-key ended with exit code 9: the password store is locked (nothing was changed)",
  );
  await pass(`echo ${TOLD}`);
});

test("a rotation replaces who gets the secret, and a value in the command line is refused", async () => {
  const before = [await containers("web"), await containers("gateway")];
  const value = await valueOf(before[0]?.[0], "session");
  const [rotated] = await guide.run(app, "Rotate");
  expect(rotated).toMatchObject({ code: 0, output: expect.stringContaining("session has its new value in mail, web.") as string });
  expect(await containers("gateway")).toEqual(before[1]);
  expect((await containers("web")).filter((name) => before[0]?.includes(name))).toEqual([]);
  expect(await valueOf((await containers("web"))[0], "session")).not.toBe(value);

  const refused = await app.npm("secrets", "set", "session", "hunter2");
  expect(refused.code).toBe(1);
  expect(refused.output).toBe(
    "error: a value in the command line can be seen by everyone on this machine: give it by standard input, or at the prompt\n",
  );
});

test("a secret is removed from the settings", async () => {
  expectWell(await guide.run(app, "Remove"));
  expect((await listed()).map(({ name, kept }) => [name, kept])).toContainEqual(["session", "unset"]);
  expectWell(await guide.run(app, "In a build"));
  expect(guide.left()).toEqual([]);
});
