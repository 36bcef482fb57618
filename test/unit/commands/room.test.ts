import { stripVTControlCharacters } from "node:util";
import { askHost } from "../../../commands/summary/room.ts";
import { changesOf } from "../../../commands/summary/operations.ts";
import { summarise } from "../../../commands/summary/summary.ts";
import { summaryText } from "../../../commands/summary/summaryText.ts";
import type { Release } from "../../../release/ledger.ts";
import { UNKNOWN } from "../../../stack/events.ts";
import { CONTAINER, oneChangedByte, step } from "../../support/previewEvents.ts";
import { useEngine } from "../../support/useEngine.ts";

const NOTHING = { totalMemory: null, freeMemory: null, freeDisk: null, liveImage: null };
const now = { release: "r1", releases: [{ name: "r1", image: "sha256:1" } as Release] };
const info = { to: "info", json: { ID: "1", Name: "elsewhere", MemTotal: 4096, KernelVersion: "6", DockerRootDir: "/" } };
const image = { to: "image sha256:1", json: { Id: "sha256:1", Size: 700 } };

test("the engine's host is told as far as it can be known from here", async () => {
  useEngine([info, image]);
  expect(await askHost({ now })).toEqual({ ...NOTHING, totalMemory: 4096, liveImage: 700 });
});

test.each([
  ["an engine that does not answer", [{ to: "", status: 500, message: "broken" }], NOTHING],
  ["an engine that cannot tell its memory", [{ ...info, json: { ...info.json, MemTotal: 0 } }, image], { ...NOTHING, liveImage: 700 }],
  ["an image that is gone", [info, { to: "image sha256:1", status: 404 }], { ...NOTHING, totalMemory: 4096 }],
  ["a question for an image that fails", [info, { to: "image sha256:1", status: 500 }], { ...NOTHING, totalMemory: 4096 }],
])("of %s the values are unknown, and none is 0", async (_, answers, host) => {
  useEngine(answers);
  expect(await askHost({ now })).toEqual(host);
});

test("a limit that the preview cannot know yet makes the memory unknown, and none is 0", () => {
  const changes = changesOf("dev", [...oneChangedByte(), step("create", "Replicas", CONTAINER, "web-9", { after: { memory: UNKNOWN } })]);
  const summary = summarise(changes, { totalMemory: 1, freeMemory: 1, freeDisk: 1, liveImage: 1 });
  expect(summary.room.memory).toEqual({ needed: null, free: 1, fits: null });
  expect(stripVTControlCharacters(summaryText(summary))).toContain("Memory   what the new containers may take is not known yet\n");
});
