import { examineNeed, optional } from "../../../toolchain/doctor.ts";
import { rulesToDelete } from "../../../toolchain/engineNetwork.ts";
import { prependPath } from "../../../toolchain/path.ts";
import type { Need, Source } from "../../../toolchain/need.ts";
import { UserError } from "../../../settings/userError.ts";

const source = (from: string, obstacle?: string): Source => ({
  from,
  typicalSeconds: 290,
  obstacle: async () => obstacle,
  get: async () => {
    throw new Error("the doctor changes nothing");
  },
});
const need = (sources: Source[], look: Need["look"]): Need => ({ name: "pulumi", wanted: "3", byHand: "Install it.", sources, look });

describe("the doctor", () => {
  test("says what was found, where, and how it came there", async () => {
    const found = { version: "3.1", place: "/bin", from: "already on this machine" };
    expect(await examineNeed(need([], async () => found))).toEqual({
      need: "pulumi",
      wanted: "3",
      found: "3.1",
      place: "/bin",
      from: "already on this machine",
      state: "ok",
      mend: "",
    });
  });

  test("names the way that set-up would take, and how long it takes", async () => {
    const sources = [source("official download", "out of reach"), source("built from Go modules"), source("later")];
    const finding = await examineNeed(need(sources, async () => undefined));
    expect(finding).toMatchObject({ state: "missing", found: "", mend: "npm run setup (built from Go modules, about 4m50s)" });
  });

  test("says what to do by hand where every way is closed, and why each is", async () => {
    const sources = [source("official download", "out of reach"), source("built", "no compiler")];
    const finding = await examineNeed(need(sources, async () => undefined));
    expect(finding.mend).toBe("Install it.\nofficial download: out of reach\nbuilt: no compiler");
  });

  test("takes what is needed later only for no obstacle", async () => {
    const missing = await examineNeed(need([source("built")], async () => undefined));
    expect(optional(missing, "Later.")).toMatchObject({ need: "pulumi", state: "advice", mend: "Later." });
    const found = await examineNeed(need([], async () => ({ version: "3.1", place: "/bin", from: "" })));
    expect(optional(found, "Later.")).toBe(found);
  });

  test("passes on what makes the one that is there unusable", async () => {
    const unusable = async () => {
      throw new UserError("Permission denied: usermod");
    };
    expect(await examineNeed(need([source("built")], unusable))).toMatchObject({ state: "missing", mend: "Permission denied: usermod" });
  });
});

test("only the firewall rules of one network are taken away", () => {
  const rules = [
    "-P FORWARD DROP",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -i berth1 -m comment --comment berth-1 -j ACCEPT",
    '-A FORWARD -i berth1 -m comment --comment "berth-1" -j ACCEPT',
    "-A FORWARD -i berth12 -m comment --comment berth-12 -j ACCEPT",
  ];
  const words = ["-D", "FORWARD", "-i", "berth1", "-m", "comment", "--comment", "berth-1", "-j", "ACCEPT"];
  expect(rulesToDelete(rules, "berth-1")).toEqual([words, words]);
});

test("a folder put in front of PATH is there once", () => {
  expect(prependPath(["/a", "/b"], "/usr/bin:/a::/bin")).toBe("/a:/b:/usr/bin:/bin");
  expect(prependPath(["/a"], undefined)).toBe("/a");
});
