import { createHash } from "node:crypto";
import { join } from "node:path";
import { outputsInFile, recordInFile, stacksInFiles } from "../../stack/stateFile.ts";
import { type FileSpec, temporaryFolder, write } from "../support/folders.ts";

const RECORD = {
  version: 3,
  checkpoint: {
    stack: "organization/shop/dev",
    latest: {
      resources: [
        { type: "pulumi:pulumi:Stack", outputs: { url: "http://a", key: { "4dabf18193072939515e22adb298388d": "1b", ciphertext: "x" } } },
      ],
    },
  },
};
const STATE = {
  "state/.pulumi/meta.yaml": "version: 1\n",
  "state/.pulumi/stacks/shop/dev.json": JSON.stringify(RECORD),
  "state/.pulumi/stacks/shop/dev.json.bak": "{}",
};

/** A checkout with a folder for a backend. */
function checkout(files: Readonly<Record<string, FileSpec>> = STATE, env: NodeJS.ProcessEnv = {}) {
  const root = temporaryFolder({ "Pulumi.yaml": "name: shop\n", ...files });
  const url = `file://${root}/state`;
  const workspace = `home/workspaces/shop-${createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex")}-workspace.json`;
  write(join(root, workspace), JSON.stringify({ stacks: { [url]: "organization/shop/dev" } }));
  return { root, env: { PULUMI_BACKEND_URL: url, PULUMI_HOME: join(root, "home"), ...env } };
}

test("a record is told as Pulumi exports it, whatever the stack is called by", async () => {
  const exported = JSON.stringify({ version: 3, deployment: RECORD.checkpoint.latest });
  expect(await recordInFile(checkout(), "dev")).toBe(exported);
  expect(await recordInFile(checkout(), "organization/shop/dev")).toBe(exported);
});

test("outputs are told as Pulumi prints them, without a secret's cipher", async () => {
  expect(await outputsInFile(checkout(), "dev")).toEqual({ url: "http://a", key: "[secret]" });
});

test("a stack that no update has touched yet has an empty record", async () => {
  const cli = checkout({
    ...STATE,
    "state/.pulumi/stacks/shop/dev.json": JSON.stringify({ version: 3, checkpoint: { stack: "organization/shop/dev" } }),
  });
  expect(await recordInFile(cli, "dev")).toBe('{"version":3,"deployment":{}}');
});

test("the stacks are listed with the one that is selected", async () => {
  expect(await stacksInFiles(checkout({ ...STATE, "state/.pulumi/stacks/shop/prod.json": JSON.stringify(RECORD) }))).toEqual([
    { name: "dev", current: true },
    { name: "prod", current: false },
  ]);
});

test.each<[string, Record<string, FileSpec>, NodeJS.ProcessEnv]>([
  ["another backend", STATE, { PULUMI_BACKEND_URL: "s3://bucket" }],
  ["another layout", { ...STATE, "state/.pulumi/meta.yaml": "version: 2\n" }, {}],
  ["a record of another version", { ...STATE, "state/.pulumi/stacks/shop/dev.json": JSON.stringify({ ...RECORD, version: 4 }) }, {}],
  ["a record that is cut short", { ...STATE, "state/.pulumi/stacks/shop/dev.json": '{"version":3,' }, {}],
  ["a record that is packed", { "state/.pulumi/meta.yaml": "version: 1\n", "state/.pulumi/stacks/shop/dev.json.gz": "" }, {}],
])("%s is left to Pulumi", async (_, files, env) => {
  expect(await recordInFile(checkout(files, env), "dev")).toBeUndefined();
});

test("a stack that is chosen by the environment is left to Pulumi", async () => {
  expect(await stacksInFiles(checkout(STATE, { PULUMI_STACK: "prod" }))).toBeUndefined();
});
