import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeHalfWritten } from "../../../stack/sidecars.ts";
import { temporaryFolder } from "../../support/folders.ts";

test("attributes that were written by half are removed, and nothing else", async () => {
  const folder = temporaryFolder();
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, ".pulumi", file)), { recursive: true });
    writeFileSync(join(folder, ".pulumi", file), text);
  };
  const files = {
    "stacks/berth/dev.json": "{",
    "stacks/berth/dev.json.attrs": "",
    "stacks/berth/prod.json.attrs": '{"md5":""}',
    "locks/organization/berth/dev/1.json.attrs": '{"user.ca',
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  await removeHalfWritten(folder);
  const left = Object.keys(files).filter((file) => existsSync(join(folder, ".pulumi", file)));
  expect(left).toEqual(["stacks/berth/dev.json", "stacks/berth/prod.json.attrs"]);
  expect(readFileSync(join(folder, ".pulumi/stacks/berth/dev.json"), "utf8")).toBe("{");
});

test("a backend without any stack is fine", async () => {
  await expect(removeHalfWritten(temporaryFolder())).resolves.toBeUndefined();
});
