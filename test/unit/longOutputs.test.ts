import { hasLongOutputs, shortenOutputs } from "../../stack/longOutputs.ts";

const SECRET = "4dabf18193072939515e22adb298388d";
const MARK = "1b47061264138c4ac30d75fd1eb44270";
const LINES = Array.from({ length: 10_000 }, (_, index) => `migration: line ${index}`).join("\n");
const LONG = `${LINES}\ndone for releases: a b`;

const resource = (outputs: object, type = "command:local:Command") => ({
  urn: "urn:pulumi:dev::berth::x",
  type,
  inputs: { create: "node steps/job.ts" },
  outputs,
});
const exported = (...resources: object[]) => JSON.stringify({ version: 3, deployment: { manifest: { time: "now" }, resources } });
const outputsIn = (text: string | undefined) =>
  (JSON.parse(text ?? "{}") as { deployment: { resources: { outputs: Record<string, unknown> }[] } }).deployment.resources.map(
    ({ outputs }) => outputs,
  );

test("outputs that are too long are cut to their end, from the beginning of a line on, and all else stays", () => {
  const before = exported(resource({ stdout: LONG, stderr: "short", id: "1" }), resource({ stdout: "", stderr: LONG }));
  const [first, second] = outputsIn(shortenOutputs(before));
  expect(first).toMatchObject({ stderr: "short", id: "1" });
  for (const text of [first?.["stdout"], second?.["stderr"]]) {
    expect(String(text)).toMatch(/^migration: line \d+\n[^]*\ndone for releases: a b$/);
    expect(String(text).length).toBeLessThanOrEqual(8 * 1024);
  }
  expect(JSON.parse(shortenOutputs(before) ?? "")).toMatchObject({ version: 3, deployment: { manifest: { time: "now" } } });
});

test("what a job has printed is a secret, and stays one", () => {
  const [outputs] = outputsIn(
    shortenOutputs(exported(resource({ stdout: { [SECRET]: MARK, plaintext: JSON.stringify(LONG) }, stderr: "" }))),
  );
  const { plaintext, ...mark } = outputs?.["stdout"] as { plaintext: string };
  expect(mark).toEqual({ [SECRET]: MARK });
  expect(JSON.parse(plaintext)).toMatch(/\ndone for releases: a b$/);
});

test.each<[string, object]>([
  ["short", resource({ stdout: "done for releases: a", stderr: "" })],
  ["as long as it may be", resource({ stdout: "x".repeat(64 * 1024), stderr: "" })],
  ["of another kind of resource", resource({ stdout: LONG }, "berth:index:Job")],
  ["a long input", { ...resource({ stdout: "", stderr: "" }), inputs: { stdin: LONG } }],
  ["not there", { urn: "urn", type: "command:local:Command" }],
])("nothing is done to what is %s", (_, only) => {
  expect(shortenOutputs(exported(only))).toBeUndefined();
  expect(hasLongOutputs(exported(only))).toBe(false);
});

test("an export in cipher tells that there is something, and cannot be mended", () => {
  const cipher = exported(resource({ stdout: { [SECRET]: MARK, ciphertext: `v1:${"A".repeat(100 * 1024)}` }, stderr: "" }));
  expect(hasLongOutputs(cipher)).toBe(true);
  expect(shortenOutputs(cipher)).toBeUndefined();
});

test("a text without lines and with letters of several bytes is cut, too", () => {
  const [outputs] = outputsIn(shortenOutputs(exported(resource({ stdout: "ü".repeat(50_000), stderr: "" }))));
  expect(outputs?.["stdout"]).toMatch(/^ü{4000,4096}$/);
});

test("a stack without resources has none", () => {
  expect(shortenOutputs('{"version":3}')).toBeUndefined();
});
