import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { contentOf } from "../../release/imageName.ts";
import { findRelease, nextRelease, enter, type Release } from "../../release/ledger.ts";
import { releaseOf, settingsOf } from "../support/configuration.ts";

const CONTENT = "3f9a1c2b7d4e";
const ORIGIN = { commit: "abcabcabcabc", author: "Grace", time: "2026-05-06T07:08:09.000Z" };
const named = (...names: string[]): Release[] => names.map((name) => releaseOf({ name }));
const namesOf = (releases: readonly Release[]) => releases.map(({ name }) => name);

describe("the next release", () => {
  test("is named by its content, and has no image yet", () => {
    const settings = settingsOf({ secrets: { pin: "1" } });
    expect(nextRelease([], CONTENT, settings, ORIGIN)).toEqual({ name: CONTENT, settings: settings.next, secrets: ["pin"], ...ORIGIN });
  });

  test("keeps name and image where content and settings were live before, and tells the new origin", () => {
    const earlier = releaseOf({ image: "sha256:old" });
    expect(nextRelease(named("ffffffffffff").concat(earlier), CONTENT, settingsOf(), ORIGIN)).toEqual({ ...earlier, ...ORIGIN });
  });

  test("gets -2, then -3, where the same content goes live with other settings", () => {
    const first = releaseOf();
    const second = nextRelease([first], CONTENT, settingsOf({ replicas: 3 }), ORIGIN);
    const third = nextRelease([second, first], CONTENT, settingsOf({ replicas: 4 }), ORIGIN);
    expect(namesOf([second, third])).toEqual([`${CONTENT}-2`, `${CONTENT}-3`]);
  });

  test("gets another name for another secret, and not for another value of one", () => {
    const ledger = [releaseOf({ secrets: ["pin", "token"] })];
    expect(nextRelease(ledger, CONTENT, settingsOf({ secrets: { token: "1", pin: "2" } }), ORIGIN).name).toBe(CONTENT);
    expect(nextRelease(ledger, CONTENT, settingsOf({ secrets: { token: "1" } }), ORIGIN).name).toBe(`${CONTENT}-2`);
  });

  test("has no secret that is for the build alone", () => {
    const named = (config: object) =>
      nextRelease([], CONTENT, settingsOf({ secrets: { pin: "1", token: "2" }, build: { secrets: ["token"] }, ...config }), ORIGIN).secrets;
    expect([named({}), named({ secretsFor: { web: ["token"] } })]).toEqual([["pin"], ["pin", "token"]]);
  });

  test("gets another name where a secret goes to other processes", () => {
    const secrets = { pin: "1", token: "2" };
    const ledger = [nextRelease([], CONTENT, settingsOf({ secrets }), ORIGIN)];
    expect(nextRelease(ledger, CONTENT, settingsOf({ secrets, secretsFor: { web: ["pin"] } }), ORIGIN).name).toBe(`${CONTENT}-2`);
  });

  test("has its old name again once the settings are back to what they were", () => {
    const first = releaseOf();
    const second = nextRelease([first], CONTENT, settingsOf({ replicas: 3 }), ORIGIN);
    expect(nextRelease([second, first], CONTENT, settingsOf(), ORIGIN).name).toBe(CONTENT);
    expect(nextRelease([first, second], CONTENT, settingsOf({ replicas: 3 }), ORIGIN).name).toBe(`${CONTENT}-2`);
  });

  test("never takes a name that the ledger knows with other settings", () => {
    const ledger = named(`${CONTENT}-7`, "ffffffffffff", "ffffffffffff-9", CONTENT);
    expect(nextRelease(ledger, CONTENT, settingsOf({ replicas: 9 }), ORIGIN).name).toBe(`${CONTENT}-8`);
  });

  test("is not renamed by what belongs to the stack and not to a release", () => {
    const ledger = [releaseOf()];
    const config = { port: 9000, bindAddress: "0.0.0.0", hosts: ["example.com"], maintenance: "Back soon", keepReleases: 1 };
    expect(nextRelease(ledger, CONTENT, settingsOf(config), ORIGIN).name).toBe(CONTENT);
  });

  test("is the same whatever order keys are written in", () => {
    const ledger = [nextRelease([], CONTENT, settingsOf({ env: { A: "1", B: "2" } }), ORIGIN)];
    expect(nextRelease(ledger, CONTENT, settingsOf({ env: { B: "2", A: "1" } }), ORIGIN).name).toBe(CONTENT);
  });

  test("is found again in a ledger that went through JSON", () => {
    const config = {
      env: { A: "1" },
      secrets: { pin: "1" },
      binds: [{ source: "/srv", target: "/srv" }],
      resources: { cpus: 0.3 },
      drain: "1m0.5s",
    };
    const ledger = JSON.parse(JSON.stringify([nextRelease([], CONTENT, settingsOf(config), ORIGIN)])) as Release[];
    expect(nextRelease(ledger, CONTENT, settingsOf(config), ORIGIN).name).toBe(CONTENT);
  });
});

test.each([
  ["3f9a1c2b7d4e", "3f9a1c2b7d4e"],
  ["3f9a1c2b7d4e-2", "3f9a1c2b7d4e"],
  ["3f9a1c2b7d4e-12", "3f9a1c2b7d4e"],
])("the image of release %s is tagged %s", (release, content) => {
  expect(contentOf(release)).toBe(content);
});

describe("a pinned release", () => {
  test("is the one of that name", () => {
    const [first, second] = named("a", "b");
    expect(
      findRelease(
        [first, second].filter((entry) => entry !== undefined),
        "b",
      ),
    ).toBe(second);
  });

  test("that is not in the ledger is refused, with the names that are", () => {
    expect(() => findRelease(named("aaaaaaaaaaaa", "bbbbbbbbbbbb-2"), "cccccccccccc")).toThrow(
      new pulumi.RunError(
        'berth:release is "cccccccccccc", which is not in the ledger (known: aaaaaaaaaaaa, bbbbbbbbbbbb-2). ' +
          "See npm run releases, or build again: pulumi config rm berth:release",
      ),
    );
  });

  test("before anything was live is refused too", () => {
    expect(() => findRelease([], "cccccccccccc")).toThrow("(known: none yet)");
  });
});

describe("the ledger after a release went live", () => {
  test("has it on top and each name once", () => {
    expect(namesOf(enter(named("a", "b", "c"), releaseOf({ name: "b" }), 5))).toEqual(["b", "a", "c"]);
  });

  test("has the new facts of a release that was brought back", () => {
    const again = releaseOf({ name: "b", time: "2027-01-01T00:00:00.000Z" });
    expect(enter(named("a", "b"), again, 5)[0]).toEqual(again);
  });

  test("does not change while the same release stays live, so that an unchanged update changes nothing", () => {
    const ledger = named("a", "b");
    expect(enter(ledger, releaseOf({ name: "a", ...ORIGIN }), 5)).toEqual(ledger);
  });

  test("notes another image of the release that stays live", () => {
    expect(enter(named("a"), releaseOf({ name: "a", image: "sha256:new" }), 5)).toEqual([releaseOf({ name: "a", image: "sha256:new" })]);
  });

  test("keeps as many earlier releases as asked for", () => {
    expect(namesOf(enter(named("a", "b", "c"), releaseOf({ name: "d" }), 2))).toEqual(["d", "a", "b"]);
  });

  test("never has a name twice, never more than asked for, always the live one first", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (history, keep) => {
        let ledger: Release[] = [];
        for (const live of history) {
          ledger = enter(ledger, releaseOf({ name: live }), keep);
          expect(ledger[0]?.name).toBe(live);
          expect(new Set(namesOf(ledger)).size).toBe(ledger.length);
          expect(ledger.length).toBeLessThanOrEqual(keep + 1);
        }
      }),
    );
  });
});
