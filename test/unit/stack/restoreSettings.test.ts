import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { restoreSettings, withKeysOf } from "../../../stack/restoreSettings.ts";
import { temporaryFolder, write } from "../../support/folders.ts";

const RELEASE = [["berth:release"]] as const;
const BEFORE = `# mine
encryptionsalt: v1:abc

config:
  # the port
  berth:port: 80 # a free one

  # pinned by ann
  berth:release: abc # why
  berth:env: { A: "1", B: '2' }
  berth:secrets:
    pin:
      secure: v1:old
    # from the vault
    token:
      secure: v1:token
  # more to come
`;
/** As Pulumi writes it anew. */
const PINNED = `# mine
encryptionsalt: v1:abc
config:
  # the port
  berth:port: "80" # a free one
  # pinned by ann
  berth:release: def # why
  berth:env: {A: "1", B: '2'}
  berth:secrets:
    pin:
      secure: v1:old
    # from the vault
    token:
      secure: v1:token
  # more to come
`;

test("where nobody else has written, the file is what it was to the letter, however Pulumi has written it", () => {
  expect(withKeysOf(BEFORE, PINNED, RELEASE)).toBe(BEFORE);
  expect(withKeysOf(BEFORE, PINNED.replace(/.*(pinned|release).*\n/g, ""), RELEASE)).toBe(BEFORE);
  expect(withKeysOf("", "config:\n  berth:release: def\n", RELEASE)).toBe("");
});

test("what somebody else has written meanwhile stays, comments included, and the key is as it was", () => {
  const now = PINNED.replace('berth:port: "80" # a free one', "berth:port: 81 # taken")
    .replace("  # more to come\n", "  # by another terminal\n  berth:replicas: 3\n  # more to come\n")
    .replace("{A: \"1\", B: '2'}", "{ A: \"1\", B: '2' }");
  expect(withKeysOf(BEFORE, now, RELEASE)).toBe(now.replace("berth:release: def", "berth:release: abc"));
});

test("a key that was not there goes, and a comment above it stays: Pulumi puts a new key below the last one", () => {
  const without = BEFORE.replace(/.*(pinned|release).*\n/g, "");
  const now = `${PINNED.replace(/.*(pinned|release).*\n/g, "").replace('"80"', "81")}  berth:release: def\n`;
  const text = withKeysOf(without, now, RELEASE);
  expect(text).toContain("  # more to come\n");
  expect(text).not.toContain("release");
  expect(text).toContain("berth:port: 81");
});

test("a key that was removed comes back in its place, with its comment", () => {
  const now = PINNED.replace(/.*(pinned|release).*\n/g, "").replace('"80"', "81");
  expect(withKeysOf(BEFORE, now, RELEASE)).toMatch(/81 # a free one\n\n?  # pinned by ann\n  berth:release: abc # why\n  berth:env/);
});

test("of one secret nothing else of the secrets is touched", () => {
  const now = PINNED.replace("v1:old", "v1:new").replace("v1:token", "v1:rotated elsewhere");
  const text = withKeysOf(BEFORE, now, [["berth:secrets", "pin"]]);
  expect(text).toContain("pin:\n      secure: v1:old\n    # from the vault\n    token:\n      secure: v1:rotated elsewhere");
  expect(text).toContain("berth:release: def");
});

test("what comes and goes with its last key comes and goes, and what was empty before stays", () => {
  const set = "config:\n  berth:port: 1\n  berth:secrets:\n    pin:\n      secure: x\n";
  expect(withKeysOf("config:\n  berth:port: 2\n", set, [["berth:secrets", "pin"]])).toBe("config:\n  berth:port: 1\n");
  expect(withKeysOf(set.replace("1", "2"), "config:\n  berth:port: 1\n", [["berth:secrets", "pin"]])).toBe(set);
  expect(withKeysOf("config: {}\n", "config:\n  berth:release: a\n", RELEASE)).toBe("config: {}\n");
  expect(withKeysOf(BEFORE, "", RELEASE)).toBe("config:\n  berth:release: abc # why\n");
});

test("a file that cannot be parsed or read now is left alone, with an error that names the keys", async () => {
  const folder = temporaryFolder({ "Pulumi.dev.yaml": "config: [" });
  const file = join(folder, "Pulumi.dev.yaml");
  const words = "Pulumi.dev.yaml cannot be parsed now, so berth:release in it stays as it is: mend it";
  await expect(restoreSettings(file, BEFORE, RELEASE)).rejects.toThrow(words);
  expect(readFileSync(file, "utf8")).toBe("config: [");
  write(file, PINNED);
  await restoreSettings(file, BEFORE, RELEASE);
  expect(readFileSync(file, "utf8")).toBe(BEFORE);
  mkdirSync(join(folder, "folder"));
  await expect(restoreSettings(join(folder, "folder"), BEFORE, RELEASE)).rejects.toThrow(/^folder cannot be read: EISDIR/);
});
