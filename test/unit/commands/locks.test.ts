import { hostname } from "node:os";
import { backendFolder } from "../../../stack/backend.ts";
import type { PulumiCli } from "../../../stack/pulumiCli.ts";
import { clearNamedLocks, holderOf, type Lock, locksIn, refusal, whose } from "../../../stack/pulumiLock.ts";

const lock: Lock = { file: "x.json", pid: 123, username: "ann", hostname: "here", timestamp: "2026-01-01T00:00:00Z" };
const later = (seconds: number) => Date.parse(lock.timestamp) + seconds * 1000;

const began = (seconds: number, name = "pulumi") => ({ alive: () => true, find: () => ({ name, began: later(seconds) }) });

test("only a process of this machine that does not live is proven dead", () => {
  expect(holderOf(lock, "here", { alive: () => false, find: () => undefined })).toBe("dead");
  expect(holderOf(lock, "here", { alive: () => true, find: () => undefined })).toBe("here");
  expect(holderOf(lock, "there", { alive: () => false, find: () => undefined })).toBe("elsewhere");
});

test("a process that has got the holder's id since, after a reboot, is not the holder", () => {
  expect(holderOf(lock, "here", began(-1))).toBe("here");
  expect(holderOf(lock, "here", began(-1, "node"))).toBe("here");
  expect(holderOf(lock, "here", began(60, "sshd"))).toBe("dead");
});

test("a Pulumi is taken for the holder even where the clock says that it came later", () => {
  expect(holderOf(lock, "here", began(60))).toBe("here");
});

test.each([
  [0, "0 s"],
  [119, "119 s"],
  [150, "3 min"],
  [3 * 3600, "3 h"],
  [72 * 3600, "3 days"],
  [-5, "0 s"],
])("tells an age of %d s as %s", (seconds, words) => {
  expect(whose(lock, later(seconds))).toBe(`ann on here, process 123, for ${words}`);
});

test("says who holds the stack, that nothing was changed, and what to do", () => {
  expect(refusal("dev", lock, "here", later(9))).toBe(
    "stack dev is held by another update (ann on here, process 123, for 9 s); nothing was changed. Wait until it has ended and run this again; if it hangs, end it with: kill 123",
  );
  expect(refusal("dev", lock, "elsewhere", later(9))).toMatch(/take its lock away with: npm run pulumi -- cancel --stack dev$/);
});

describe("locks in a backend that is no folder", () => {
  const refused = (
    host: string,
  ) => `the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  s3://state?region=x/.pulumi/locks/organization/berth/dev/4f.json: created by ann@${host} (pid 123) at 2026-01-01T00:00:00Z`;
  const cli = () => {
    const asked: string[] = [];
    return { asked, read: (words: readonly string[]) => Promise.resolve((asked.push(words.join(" ")), "")) } as unknown as PulumiCli & {
      asked: string[];
    };
  };
  const dead = { alive: () => false, find: () => undefined };
  beforeEach(() => void jest.spyOn(console, "log").mockReturnValue());

  test("are named by Pulumi where it refuses", () => {
    expect(locksIn(refused("here"))).toEqual([{ ...lock, file: "s3://state?region=x/.pulumi/locks/organization/berth/dev/4f.json" }]);
    expect(locksIn("error: no such bucket")).toEqual([]);
  });

  test("go where their processes have ended", async () => {
    const pulumi = cli();
    expect(await clearNamedLocks(pulumi, "dev", refused(hostname()), dead)).toBe(true);
    expect(pulumi.asked).toEqual(["cancel --yes --stack dev"]);
  });

  test.each([
    ["of another machine", "elsewhere", dead],
    ["of a process that lives", hostname(), { ...dead, alive: () => true }],
  ])("stay where one is %s", async (_, host, processes) => {
    const pulumi = cli();
    await expect(clearNamedLocks(pulumi, "dev", refused(host), processes)).rejects.toThrow(/^stack dev is held by another update \(ann on/);
    expect(pulumi.asked).toEqual([]);
  });

  test("are not what every failure is about", async () => {
    expect(await clearNamedLocks(cli(), "dev", "error: no such bucket", dead)).toBe(false);
  });
});

test.each([
  ["file:///srv/state", "/srv/state"],
  ["file:///srv/state?no_tmp_dir=true", "/srv/state"],
  ["file://~", "/home/ann"],
  ["file://~/state", "/home/ann/state"],
  ["file://./state", "/checkout/state"],
  ["s3://bucket", undefined],
  [undefined, undefined],
])("the folder of %s is %s", (url, folder) => {
  expect(backendFolder(url, "/checkout", "/home/ann")).toBe(folder);
});
