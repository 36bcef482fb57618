import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { engine } from "../../../engine/engine.ts";
import { openEngine } from "../../../engine/openEngine.ts";
import { readConfig } from "../../../stack/settingsFile.ts";
import { setEnvironment } from "../../support/environment.ts";
import { temporaryFolder } from "../../support/folders.ts";

const ELSEWHERE = "tcp://192.0.2.1:2375";
beforeEach(() => setEnvironment({ DOCKER_HOST: "unix:///usual.sock", DOCKER_CONTEXT: "default" }));

/** Opens the engine of a checkout with these files; Pulumi answers with an address, and says what it was asked. */
async function opened(files: Readonly<Record<string, string>>, stack = "dev") {
  const root = temporaryFolder({ "Pulumi.yaml": "name: berth\n", ...files });
  const asked: string[] = [];
  const read = async (words: readonly string[]) => {
    asked.push(words.join(" "));
    return "tcp://secret:2375\n";
  };
  await openEngine({ root, env: {}, read }, stack);
  const owner = await openEngine({ root, env: {}, read }, stack);
  return { owner, host: engine().address.host, asked };
}

test("a stack's things are those of its project and its last name", async () => {
  expect((await opened({}, "organization/berth/prod")).owner).toEqual({ project: "berth", stack: "prod" });
});

test.each([
  ["the settings file", { "Pulumi.dev.yaml": `config:\n  docker:host: ${ELSEWHERE}\n` }],
  ["Pulumi.yaml", { "Pulumi.yaml": `name: berth\nconfig:\n  docker:host: ${ELSEWHERE}\n` }],
  [
    "an entry of Pulumi.yaml with a value",
    { "Pulumi.yaml": `name: berth\nconfig:\n  docker:host:\n    description: where\n    value: ${ELSEWHERE}\n` },
  ],
  ["an entry of Pulumi.yaml with a default", { "Pulumi.yaml": `name: berth\nconfig:\n  docker:host: { default: "${ELSEWHERE}" }\n` }],
])("the engine is the one that %s names", async (_, files) => {
  expect(await opened(files)).toMatchObject({ host: ELSEWHERE, asked: [] });
});

test("what this process starts works on the same one, whatever Docker context is chosen", async () => {
  await opened({ "Pulumi.dev.yaml": "config:\n  docker:host: tcp://192.0.2.2:2375\n" });
  expect(process.env["DOCKER_HOST"]).toBe("tcp://192.0.2.2:2375");
  expect(process.env["DOCKER_CONTEXT"]).toBeUndefined();
});

test("the settings file wins over Pulumi.yaml", async () => {
  const files = {
    "Pulumi.yaml": "name: berth\nconfig:\n  docker:host: tcp://other:1\n",
    "Pulumi.dev.yaml": `config:\n  docker:host: ${ELSEWHERE}\n`,
  };
  expect((await opened(files)).host).toBe(ELSEWHERE);
});

test("an address that is a secret is asked of Pulumi, once, and only then", async () => {
  const found = await opened({ "Pulumi.dev.yaml": "config:\n  docker:host:\n    secure: v1:abc\n" });
  expect(found).toMatchObject({ host: "tcp://secret:2375", asked: ["config get docker:host --stack dev"] });
});

test("without one, or without a settings file, it is that of the environment", async () => {
  expect(await opened({ "Pulumi.dev.yaml": "" })).toMatchObject({ host: "unix:///usual.sock", asked: [] });
  expect(await opened({})).toMatchObject({ host: "unix:///usual.sock", asked: [] });
});

test("a settings file that cannot be read is an error, and never another engine", async () => {
  await expect(opened({ "Pulumi.dev.yaml": "config: [" })).rejects.toThrow(/^Pulumi\.dev\.yaml cannot be read, mend it: /);
  const root = temporaryFolder({ "Pulumi.yaml": "name: berth\n" });
  mkdirSync(join(root, "Pulumi.dev.yaml"));
  const unread = { root, env: {}, read: () => Promise.resolve("") };
  await expect(openEngine(unread, "dev")).rejects.toThrow(/^Pulumi\.dev\.yaml cannot be read, mend it: EISDIR/);
  await expect(readConfig(root, "dev")).rejects.toThrow(/EISDIR/);
});

test("a Docker context that is not there is an error in one line", async () => {
  setEnvironment({ DOCKER_HOST: "", DOCKER_CONTEXT: "gone" });
  const message = expect.stringContaining("the Docker context gone is selected, and there is none") as string;
  await expect(opened({})).rejects.toMatchObject({ name: "UserError", message });
});

test("the configuration has Pulumi.yaml's values and defaults, and the stack's own over them", async () => {
  const root = temporaryFolder({
    "Pulumi.yaml": `name: berth
config:
  berth:port: { value: 80, description: the port }
  berth:replicas: { type: integer, default: 2 }
  berth:hosts: [a, b]
  berth:tls: { description: none }
  drain: 5s
`,
    "Pulumi.dev.yaml": "config:\n  berth:replicas: 3\n",
  });
  expect(await readConfig(root, "dev")).toEqual({ "berth:port": 80, "berth:replicas": 3, "berth:hosts": ["a", "b"], "berth:drain": "5s" });
});
