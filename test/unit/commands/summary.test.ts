import { stripVTControlCharacters } from "node:util";
import { type EngineEvent, UNKNOWN } from "../../../stack/events.ts";
import { changesOf } from "../../../commands/summary/operations.ts";
import type { Host } from "../../../commands/summary/room.ts";
import { summarise } from "../../../commands/summary/summary.ts";
import { summaryText } from "../../../commands/summary/summaryText.ts";
import type { Release } from "../../../release/ledger.ts";
import {
  COMMAND,
  configured,
  CONTAINER,
  entry,
  IMAGE,
  live,
  oneChangedByte,
  outputs,
  step,
  told,
  VOLUME,
  volume,
} from "../../support/previewEvents.ts";

const MEBIBYTE = 1024 ** 2;
const HOST: Host = { totalMemory: 8192 * MEBIBYTE, freeMemory: 4096 * MEBIBYTE, freeDisk: 9000 * MEBIBYTE, liveImage: 200 * MEBIBYTE };
const summaryOf = (events: readonly EngineEvent[], host: Partial<Host> = {}) => summarise(changesOf("dev", events), { ...HOST, ...host });
const wordsOf = (events: readonly EngineEvent[], host: Partial<Host> = {}) =>
  stripVTControlCharacters(summaryText(summaryOf(events, host)));
const a = live(entry("a"));
const ports = (external: number) => ({ memory: 256, ports: [{ internal: 8080, external, ip: "127.0.0.1" }] });
const newGateway = (port: number) => [
  step("delete-replaced", "Gateway", CONTAINER, "gateway-proxy", { before: ports(8080) }),
  step("create-replacement", "Gateway", CONTAINER, "gateway-proxy", { before: ports(8080), after: ports(port) }),
  step("update", "Gateway", COMMAND, "gateway-pids"),
  step("update", "Route", COMMAND, "route-switch", { after: told({}) }),
];

describe("the release", () => {
  test.each([
    ["the first one", outputs({}, a), "first", "a goes live, the first one of this stack"],
    ["another one", outputs(a, live(entry("b"), entry("a"))), "new", "a → b"],
    ["an earlier one", outputs(live(entry("b"), entry("a")), live(entry("a"), entry("b"))), "back", "brings back a (now live: b)"],
    ["the live one", outputs(a, a), "stays", "a stays live; nothing changes"],
  ])("is %s", (_, end, change, words) => {
    expect(summaryOf([end]).release.change).toBe(change);
    expect(wordsOf([end])).toContain(`Release  ${words}\n`);
  });
});

describe("the steps", () => {
  test("of one changed byte are told in their order, each once", () => {
    const { steps } = summaryOf(oneChangedByte());
    expect(steps.map(({ words }) => words)).toEqual([
      "build the image berth-dev:b",
      "create 2 new replicas",
      "gate: wait until all replicas are healthy (at most 60 s)",
      "switch the traffic, drain: open requests get up to 30 s",
      "remove images that no kept release needs",
      "delete 2 old replicas",
    ]);
    expect(steps[1]?.resources).toEqual(["berth-dev-web-1", "berth-dev-web-2"]);
  });

  test("of a gate that swaps say so, with the migration in between", () => {
    const swap = step("update", "HealthGate", COMMAND, "gate-probe", {
      after: told({ health: { deadline: 9 }, exclusive: true, migration: {} }),
    });
    expect(summaryOf([swap]).steps[0]?.words).toBe(
      "gate: let requests wait, stop the old ones, run the migration, start the new ones, wait until all replicas are healthy (at most 9 s)",
    );
  });

  test("of new values of secrets are told with the processes that get them", () => {
    const files = (process: string) =>
      step("create-replacement", "SecretFiles", COMMAND, `${process}-secrets-files`, { after: told({ process }) });
    const { steps } = summaryOf([
      files("web"),
      files("mail"),
      step("delete-replaced", "SecretFiles", COMMAND, "web-secrets-files", { before: told({ process: "web" }) }),
    ]);
    expect(steps.map(({ words }) => words)).toEqual(["write the secrets of web, mail", "delete the files of old secrets"]);
  });

  test("of workers, a migration, a watched switch and a smoke test are told", () => {
    const worker = { labels: [{ label: "berth.part", value: "worker" }] };
    const events = [
      step("create", "Job", COMMAND, "migration-run"),
      step("create", "Replicas", CONTAINER, "worker-mail-1", { after: worker }),
      step("update", "Route", COMMAND, "route-switch", { after: told({ drain: 5, bake: { duration: 20 }, smokeTest: {} }) }),
      step("delete", "Replicas", CONTAINER, "worker-mail-1", { before: worker }),
    ];
    expect(summaryOf(events).steps.map(({ words }) => words)).toEqual([
      "run the migration once",
      "create 1 new worker",
      "switch the traffic, drain: open requests get up to 5 s, watch it for 20 s, run the smoke test",
      "delete 1 old worker",
    ]);
  });

  test("of a canary are told apart from those of a release", () => {
    const events = [
      step("create", "Canary$AppImage", IMAGE, "canary-image-build", { after: { name: "berth-dev:b" } }),
      step("create", "Canary$Replicas", CONTAINER, "canary-web-1"),
      step("create", "Canary$HealthGate", COMMAND, "canary-gate-probe", { after: told({ health: { deadline: 60 } }) }),
      step("update", "Route", COMMAND, "route-switch", {
        after: told({ drain: 5, canary: { limits: { duration: 20 } }, bake: { duration: 5 } }),
      }),
      step("delete", "Canary$Replicas", CONTAINER, "canary-web-2"),
      step("delete", "Canary$HealthGate", COMMAND, "canary-gate-probe"),
      outputs(a, { ...a, canary: { release: "b" } }),
    ];
    expect(summaryOf(events).steps.map(({ words }) => words)).toEqual([
      "build the image berth-dev:b",
      "create 1 new canary replica",
      "gate of the canary: wait until it is healthy (at most 60 s)",
      "tell the gateway what to send where, watch the canary for 20 s",
      "delete 1 old canary replica",
    ]);
    expect(wordsOf(events)).toContain("Release  a stays live\n  Canary   b takes a share of the traffic\n");
  });

  test("of accessories name them, and say that data stay", () => {
    const labelled = (name: string) => ({ labels: [{ label: "berth.accessory", value: name }] });
    const made = [
      step("create", "Accessory", CONTAINER, "accessory-cache-container", { after: labelled("cache") }),
      step("create", "Accessory", COMMAND, "accessory-cache-ready"),
    ];
    const others = [
      step("delete-replaced", "Accessory", CONTAINER, "accessory-database-container", { before: labelled("database") }),
      step("create-replacement", "Accessory", CONTAINER, "accessory-database-container", {
        before: labelled("database"),
        after: labelled("database"),
      }),
      step("delete", "Accessory", CONTAINER, "accessory-old-container", { before: labelled("old") }),
    ];
    expect(summaryOf([...made, ...others]).steps.map(({ words }) => words)).toEqual([
      "start the accessory cache, and wait until it serves, stop the accessory database, start it anew, and wait until it serves, delete the accessory old; its data stay",
    ]);
    expect(summaryOf([...others, outputs(a, a)]).gaps).toEqual([
      { kind: "without", seconds: null, why: "the accessory database is stopped and started anew" },
      { kind: "without", seconds: null, why: "the accessory old goes" },
    ]);
    expect(wordsOf([...others, outputs(a, a)])).toContain("what the app cannot do without it fails: the accessory old goes");
    expect(summaryOf([...made, outputs(a, a)]).gaps).toEqual([]);
  });

  test("leave nothing out that has no words of its own", () => {
    const events = [
      step("create", "Watchdog", COMMAND, "watchdog-timer"),
      step("delete", "Watchdog", CONTAINER, "watchdog-1"),
      step("update", "Gateway", VOLUME, "gateway-state"),
    ];
    expect(summaryOf(events).steps.map(({ words }) => words)).toEqual([
      "create Command berth-dev-watchdog-timer",
      "delete Container berth-dev-watchdog-1",
      "update Volume berth-dev-gateway-state",
    ]);
  });

  test("are told without the figures that a preview cannot know, or with the release's own", () => {
    const unknown = { environment: { BERTH_INPUT: UNKNOWN } };
    const events = [
      step("create", "Replicas", CONTAINER, "web-1"),
      step("update", "HealthGate", COMMAND, "gate-probe", { after: unknown }),
      step("update", "Route", COMMAND, "route-switch", { after: unknown }),
    ];
    expect(
      summaryOf(events)
        .steps.map(({ words }) => words)
        .slice(1),
    ).toEqual(["gate: wait until all replicas are healthy", "switch the traffic"]);
    const settings = { strategy: "recreate", health: { deadline: 9 }, drain: 5 };
    const known = [...events, configured({ "berth:migration": "{}" }), outputs(a, live({ ...entry("b"), settings } as unknown as Release))];
    expect(
      summaryOf(known)
        .steps.map(({ words }) => words)
        .slice(1),
    ).toEqual([
      "gate: let requests wait, stop the old ones, run the migration, start the new ones, wait until all replicas are healthy (at most 9 s)",
      "switch the traffic, drain: open requests get up to 5 s",
    ]);
  });
});

describe("the gap", () => {
  test("is none where new replicas take over", () => {
    expect(summaryOf(oneChangedByte()).gaps).toEqual([]);
    expect(wordsOf(oneChangedByte())).toContain("Gap      none: the old replicas serve until the new ones take over");
  });

  test.each([
    [8080, "port 127.0.0.1:8080 is published again"],
    [9090, "port 127.0.0.1:8080 is closed for good, 127.0.0.1:9090 is opened"],
  ])("is a closed port where the gateway is replaced, now on %i", (port, why) => {
    const events = [...newGateway(port), outputs(a, a)];
    expect(summaryOf(events).gaps).toEqual([{ kind: "closed", seconds: 2, why: `the gateway is replaced: ${why}` }]);
    expect(summaryOf(events).steps.map(({ words }) => words)).toEqual([
      `replace the gateway, which publishes 127.0.0.1:${port}`,
      "tell the gateway what to send where",
    ]);
  });

  test("is a wait with strategy recreate, as long as the last gate and the swap", () => {
    const [gap] = summaryOf(oneChangedByte({ strategy: "recreate" })).gaps;
    expect(gap).toMatchObject({ kind: "held", seconds: 4 });
    expect(gap?.why).toContain("(the last gate took 1.2 s)");
  });

  test("is told of maintenance, and of nothing before the first release", () => {
    const on = configured({ "berth:maintenance": "Back at noon" });
    expect(summaryOf([on, outputs(a, a)]).gaps).toMatchObject([{ kind: "maintenance", seconds: null }]);
    expect(summaryOf([on, ...newGateway(8080), outputs({}, a)]).gaps).toEqual([]);
  });
});

describe("the data", () => {
  test("are untouched by a release", () => {
    expect(summaryOf(oneChangedByte()).data).toEqual([{ volume: "data", change: "untouched" }]);
  });

  test.each([
    [[step("create", "DataVolume", VOLUME, "files-volume", { after: volume("files") })], "created", false],
    [[step("update", "DataVolume", VOLUME, "files-volume", { before: volume("files"), after: volume("files") })], "changed", false],
    [[step("delete", "DataVolume", VOLUME, "files-volume", { before: volume("files") })], "deleted", true],
    [
      ["create-replacement", "delete-replaced"].map((op) => step(op, "DataVolume", VOLUME, "files-volume", { before: volume("files") })),
      "replaced",
      true,
    ],
  ])("are told where a volume changes (%#)", (events, change, alarm) => {
    expect(summaryOf(events).data).toEqual([{ volume: "files", change }]);
    expect(wordsOf(events).includes(`ALARM files: ${change}`)).toBe(alarm);
  });
});

describe("the room", () => {
  test("is there for the new replicas beside the old ones", () => {
    expect(summaryOf(oneChangedByte()).room).toEqual({
      memory: { needed: 1024 * MEBIBYTE, free: 4096 * MEBIBYTE, fits: true },
      disk: { needed: 200 * MEBIBYTE, free: 9000 * MEBIBYTE, fits: true },
    });
  });

  test("is short of memory: says how much, and what to do", () => {
    expect(wordsOf(oneChangedByte({ memory: 4096 }))).toContain(
      "Memory   the new containers may take 8.0 GiB more, only 4.0 GiB are available: 4.0 GiB are missing. Give them smaller limits (berth:resources.memory), or stop the old ones first (berth:strategy recreate)",
    );
  });

  test("is no question of old and new where the old ones stop first", () => {
    expect(summaryOf(oneChangedByte({ memory: 4096, strategy: "recreate" })).room.memory).toMatchObject({ needed: 0, fits: true });
  });

  test("is short of disk", () => {
    expect(wordsOf(oneChangedByte(), { freeDisk: 50 * MEBIBYTE })).toContain(
      "takes up to 200 MiB, only 50 MiB are free: 150 MiB are missing",
    );
  });

  test("is unknown on another machine, unless the need is more than all it has", () => {
    const away = { freeMemory: null, freeDisk: null };
    const { memory, disk } = summaryOf(oneChangedByte(), away).room;
    expect([memory.fits, disk.fits]).toEqual([null, null]);
    expect(wordsOf(oneChangedByte(), away).match(/is unknown from here/g)).toHaveLength(2);
    expect(wordsOf(oneChangedByte({ memory: 8192 }), away)).toContain("16.0 GiB more, which is more than the host has in all");
  });

  test("has an image of unknown size where nothing is live", () => {
    expect(wordsOf(oneChangedByte(), { liveImage: null })).toContain("Disk     how large the image gets is unknown, 8.8 GiB are free");
  });
});
