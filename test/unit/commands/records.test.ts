import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PulumiCli } from "../../../stack/pulumiCli.ts";
import { mendRecords } from "../../../stack/mendRecords.ts";
import { isWhole } from "../../../stack/sidecars.ts";
import { temporaryFolder, write } from "../../support/folders.ts";

const CUT = '{"version":3,"checkpoint":{"sta';
const whole = (text: string) => JSON.stringify({ version: 3, text });

/** A backend in a folder with these files below `.pulumi`. */
function backend(files: Record<string, string>): { cli: PulumiCli; read: (file: string) => string } {
  const root = temporaryFolder();
  write(join(root, "Pulumi.yaml"), "name: berth\n");
  for (const [file, text] of Object.entries(files)) write(join(root, ".pulumi", file), text);
  return {
    cli: { root, env: { PULUMI_BACKEND_URL: `file://${root}` } } as unknown as PulumiCli, // nothing else of it is used
    read: (file) => readFileSync(join(root, ".pulumi", file), "utf8"),
  };
}

beforeEach(() => void jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

test.each([
  [CUT, false],
  ["", false],
  [whole("a"), true],
])("%j is whole: %s", (record, is) => {
  expect(isWhole(record)).toBe(is);
});

test("a record that is whole is left alone, whatever its backup is", async () => {
  const { cli, read } = backend({ "stacks/berth/dev.json": whole("now"), "stacks/berth/dev.json.bak": CUT });
  await mendRecords(cli);
  expect(read("stacks/berth/dev.json")).toBe(whole("now"));
});

test("a record that is cut short is replaced by the newest that is whole", async () => {
  const files = {
    "stacks/berth/dev.json": CUT,
    "backups/berth/dev/dev.1.json": whole("1"),
    "backups/berth/dev/dev.2.json": whole("2"),
    "backups/berth/dev/dev.3.json": CUT,
  };
  const [withBackup, without] = [
    backend({ ...files, "stacks/berth/dev.json.bak": whole("bak") }),
    backend({ ...files, "stacks/berth/dev.json.bak": "" }),
  ];
  await mendRecords(withBackup.cli);
  await mendRecords(without.cli);
  expect([withBackup.read("stacks/berth/dev.json"), without.read("stacks/berth/dev.json")]).toEqual([whole("bak"), whole("2")]);
});

test("where no earlier record is whole, it says which file has to come back", async () => {
  const { cli, read } = backend({ "stacks/berth/dev.json": CUT, "stacks/berth/dev.json.bak": "" });
  await expect(mendRecords(cli)).rejects.toThrow(
    /record of stack dev is cut short.*no earlier one is whole: bring .*dev\.json back from a backup/,
  );
  expect(read("stacks/berth/dev.json")).toBe(CUT);
});
