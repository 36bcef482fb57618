import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { backendVariables, pulumiEnvironment, userBackend } from "../../../toolchain/environment.ts";

const OWN = { url: "file:///checkout/.berth/state", passphraseFile: "/checkout/.berth/passphrase" };
const LOGGED_IN = JSON.stringify({ current: "https://api.example.com", accounts: {} });

test.each([
  ["PULUMI_BACKEND_URL", { env: { PULUMI_BACKEND_URL: "s3://bucket" } }],
  ["PULUMI_ACCESS_TOKEN", { env: { PULUMI_ACCESS_TOKEN: "pul-x" } }],
  ["pulumi login", { env: {}, credentials: LOGGED_IN }],
  ["backend in Pulumi.yaml", { env: {}, project: "name: x\nbackend:\n  url: s3://bucket\n" }],
])("a backend of the user's is left alone: %s", (reason, facts) => {
  expect(userBackend(facts)).toBe(reason);
  expect(backendVariables(facts, OWN)).toEqual({});
});

test.each([
  ["nothing", { env: {} }],
  ["an empty PULUMI_BACKEND_URL", { env: { PULUMI_BACKEND_URL: "" } }],
  ["after pulumi logout", { env: {}, credentials: JSON.stringify({ current: "" }) }],
  ["credentials cut off in the middle", { env: {}, credentials: '{"curr' }],
  ["a project without a backend", { env: {}, project: "name: x\nconfig:\n  url: y\n" }],
])("Berth's own backend and passphrase are used with %s", (_, facts) => {
  expect(backendVariables(facts, OWN)).toEqual({
    PULUMI_BACKEND_URL: OWN.url,
    PULUMI_CONFIG_PASSPHRASE_FILE: OWN.passphraseFile,
  });
});

test.each([{ PULUMI_CONFIG_PASSPHRASE: "theirs" }, { PULUMI_CONFIG_PASSPHRASE: "" }, { PULUMI_CONFIG_PASSPHRASE_FILE: "/theirs" }])(
  "a passphrase of the user's wins: %j",
  (env) => {
    expect(backendVariables({ env }, OWN)).toEqual({ PULUMI_BACKEND_URL: OWN.url });
  },
);

describe("in a checkout", () => {
  const before = process.env;
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "berth-env-")));
    mkdirSync(join(root, "toolchain/go"), { recursive: true });
    for (const name of ["pulumi", "pulumi-language-nodejs"]) {
      mkdirSync(join(root, "toolchain/go", name));
      writeFileSync(join(root, "toolchain/go", name, "go.mod"), "module x\n");
    }
    process.env = { PATH: "/usr/bin:/bin", HOME: root, BERTH_CACHE: join(root, "cache") };
  });
  afterEach(() => {
    process.env = before;
    rmSync(root, { recursive: true });
  });

  test("each Node that Pulumi starts gets the options of the user, and once what makes the program's start lean", async () => {
    process.env = { ...process.env, NODE_OPTIONS: "--max-old-space-size=512" };
    const once = await pulumiEnvironment(root);
    expect(once.NODE_OPTIONS).toBe(`--max-semi-space-size=4 --require "${join(root, "toolchain/lean.cjs")}" --max-old-space-size=512`);
    process.env = { ...process.env, NODE_OPTIONS: once.NODE_OPTIONS };
    expect((await pulumiEnvironment(root)).NODE_OPTIONS).toBe(once.NODE_OPTIONS);
  });

  test("the passphrase is made once, for its owner alone, and stays", async () => {
    const [first, second] = await Promise.all([pulumiEnvironment(root), pulumiEnvironment(root)]);
    const file = join(root, ".berth/passphrase");
    const text = readFileSync(file, "utf8");
    expect(first.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(file);
    expect(second.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(file);
    expect(Buffer.from(text.trim(), "base64")).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await pulumiEnvironment(root);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("the state's folder is there, Node is first on PATH, and Pulumi does not look for updates", async () => {
    const env = await pulumiEnvironment(root);
    expect(env.PULUMI_BACKEND_URL).toBe(`file://${root}/.berth/state`);
    expect(statSync(join(root, ".berth/state")).isDirectory()).toBe(true);
    expect(env.PATH).toBe([dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter));
    expect(env.PULUMI_SKIP_UPDATE_CHECK).toBe("true");
  });

  test("with a backend of the user's nothing is made", async () => {
    process.env.PULUMI_BACKEND_URL = "s3://bucket";
    const env = await pulumiEnvironment(root);
    expect(env.PULUMI_BACKEND_URL).toBe("s3://bucket");
    expect(env.PULUMI_CONFIG_PASSPHRASE_FILE).toBeUndefined();
    expect(() => statSync(join(root, ".berth"))).toThrow("ENOENT");
  });
});
