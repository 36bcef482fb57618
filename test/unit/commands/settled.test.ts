import { readFileSync } from "node:fs";
import { join } from "node:path";
import { abort } from "../../../commands/update/canary.ts";
import { updateSettled } from "../../../commands/update/settled.ts";
import { update } from "../../../commands/update/update.ts";
import type { Outputs } from "../../../stack/stack.ts";
import type { PulumiCli } from "../../../stack/pulumiCli.ts";
import { UserError } from "../../../settings/userError.ts";
import { temporaryFolder, write } from "../../support/folders.ts";

jest.mock("../../../commands/update/update.ts", () => ({ update: jest.fn() }));
beforeEach(() => void jest.spyOn(console, "log").mockImplementation(() => undefined));

const SETTINGS = "config:\n  berth:port: 80\n  # pinned by ann\n  berth:release: old\n  berth:canary: { replicas: 1 }\n";

/** A checkout whose Pulumi says what is live, and sets nothing by itself. */
function checkout({ settings = SETTINGS, live = "old" }: { settings?: string; live?: string | Error } = {}) {
  const root = temporaryFolder({ "Pulumi.yaml": "name: berth\n", "Pulumi.dev.yaml": settings });
  const file = join(root, "Pulumi.dev.yaml");
  const asked: string[] = [];
  const read = async (words: readonly string[]) => {
    asked.push(words.join(" "));
    if (words[0] !== "stack") return "";
    if (live instanceof Error) throw live;
    return JSON.stringify({ release: live, releases: [] });
  };
  return {
    cli: { root, env: { PULUMI_BACKEND_URL: "s3://bucket" }, read } as unknown as PulumiCli,
    file,
    asked,
    text: () => readFileSync(file, "utf8"),
  };
}

/** The update fails, and meanwhile this stands in the settings file. */
const failsWith = (error: Error, file: string, text: string) =>
  jest.mocked(update).mockImplementation(async () => {
    write(file, text);
    throw error;
  });
const rollback = { what: "rollback", release: "new" };

test("a rollback that fails leaves what another terminal has set meanwhile, and takes its own choice back", async () => {
  const { cli, file, text } = checkout();
  const theirs = SETTINGS.replace("80", "81 # by another terminal") + "  berth:replicas: 4\n";
  failsWith(new UserError("not healthy", 3), file, theirs.replace("release: old", "release: new"));
  const outcome = { message: "the rollback failed, old stays live: not healthy", exitCode: 3 };
  await expect(updateSettled(cli, "dev", "old", rollback)).rejects.toMatchObject(outcome);
  expect(text()).toBe(theirs);
});

test("keys that go with a choice come back where it fails", async () => {
  const { cli, file, asked, text } = checkout();
  failsWith(new UserError("not healthy"), file, "config:\n  berth:port: 80\n");
  const choice = { what: "abort", release: "old2", remove: ["berth:canary"] };
  await expect(updateSettled(cli, "dev", "old", choice)).rejects.toThrow("the abort failed, old stays live");
  expect(asked[0]).toBe("config rm berth:canary --stack dev");
  expect(text()).toBe(SETTINGS);
});

test("a choice that came into effect stays in the settings file", async () => {
  const { cli, file, text } = checkout({ live: "new" });
  failsWith(new UserError("cut off"), file, SETTINGS.replace("old", "new"));
  const outcome = "release new is live, but the update did not come to its end: cut off";
  await expect(updateSettled(cli, "dev", "old", rollback)).rejects.toThrow(outcome);
  expect(text()).toBe(SETTINGS.replace("old", "new"));
});

test("where it cannot be asked what is live, the first error is told all the same", async () => {
  const { cli, file, text } = checkout({ live: new UserError("no backend") });
  failsWith(new UserError("not healthy"), file, SETTINGS.replace("old", "new"));
  const outcome =
    /^the rollback failed, what is live now is unknown \(no backend\), and the choice stays in the settings file: not healthy$/;
  await expect(updateSettled(cli, "dev", "old", rollback)).rejects.toThrow(outcome);
  expect(text()).toContain("release: new");
});

test("a settings file that cannot be parsed any more is left alone, and the first error is told all the same", async () => {
  const { cli, file, text } = checkout();
  failsWith(new UserError("not healthy"), file, "config: [");
  const outcome = /^the rollback failed, old stays live; Pulumi\.dev\.yaml cannot be parsed now, so berth:release in it .*: not healthy$/;
  await expect(updateSettled(cli, "dev", "old", rollback)).rejects.toThrow(outcome);
  expect(text()).toBe("config: [");
});

describe("to take a canary away", () => {
  const outputs = (canary?: Outputs["canary"]) => ({ release: "old", releases: [], ...(canary && { canary }) }) as unknown as Outputs;
  beforeEach(() => void jest.mocked(update).mockReset());

  test("is refused where there is none, and nothing is pinned", async () => {
    const { cli, asked } = checkout({ settings: "config:\n  berth:port: 80\n" });
    await expect(abort(cli, "dev", outputs())).rejects.toThrow("there is no canary on stack dev, only release old: nothing was changed");
    expect(update).not.toHaveBeenCalled();
    expect(asked).toEqual([]);
  });

  test("works for one that runs, and for one that is set and never came up", async () => {
    for (const canary of [{ release: "new", replicas: [], verdict: "", promote: false } as const, undefined]) {
      const { cli, asked } = checkout();
      await abort(cli, "dev", outputs(canary));
      expect(asked).toEqual(["config rm berth:canary --stack dev"]);
      expect(jest.mocked(update).mock.lastCall?.[2]).toEqual(expect.arrayContaining(["--config", "berth:release=old"]));
    }
  });
});
