import { checkEnds, landing, parseAddress } from "../../../commands/copy/address.ts";
import { choosePlace, shortName } from "../../../commands/copy/places.ts";
import { explained } from "../../../commands/copy/inside.ts";
import { sizeWords } from "../../../commands/copy/progress.ts";
import { OWNER } from "../../support/configuration.ts";

test.each([
  ["web-2:/data/notes.db", { kind: "inside", where: "web-2", path: "/data/notes.db" }],
  ["volume/data:/", { kind: "inside", where: "volume/data", path: "/" }],
  ["web-1:/a:b\nc", { kind: "inside", where: "web-1", path: "/a:b\nc" }],
  ["-", { kind: "stream" }],
  ["notes.db", { kind: "local", path: "notes.db" }],
  ["./web-1:/x", { kind: "local", path: "./web-1:/x" }],
  ["/srv/web:1", { kind: "local", path: "/srv/web:1" }],
  ["../a", { kind: "local", path: "../a" }],
])("%s is read as it is meant", (text, address) => expect(parseAddress(text)).toEqual(address));

test("a path inside is absolute, so that nobody has to know the image's working directory", () => {
  expect(() => parseAddress("web-1:notes.db")).toThrow(
    '"web-1:notes.db" has no absolute path behind "web-1:": write web-1:/notes.db, or ./web-1:notes.db for a file of this machine',
  );
});

test("exactly one end is inside", () => {
  const [inside, local] = [parseAddress("web-1:/a"), parseAddress("a")];
  expect(() => checkEnds(inside, local)).not.toThrow();
  expect(() => checkEnds(inside, inside)).toThrow("both ends are inside");
  expect(() => checkEnds(local, { kind: "stream" })).toThrow("neither end is inside");
});

describe("a copy lands where cp -a would put it", () => {
  const folder = { path: "notes", name: "notes", kind: "folder" as const };
  const file = { path: "a/b.txt", name: "b.txt", kind: "file" as const };
  test.each([
    [file, { path: "/data", kind: "folder" as const }, { folder: "/data", name: "b.txt" }],
    [file, { path: "/data/c.txt", kind: "file" as const }, { folder: "/data", name: "c.txt" }],
    [file, { path: "/data/c.txt", kind: undefined }, { folder: "/data", name: "c.txt" }],
    [file, { path: "c.txt", kind: undefined }, { folder: ".", name: "c.txt" }],
    [folder, { path: "/data", kind: "folder" as const }, { folder: "/data", name: "notes" }],
    [folder, { path: "/data/new", kind: undefined }, { folder: "/data", name: "new" }],
    [folder, { path: "/data/new/", kind: undefined }, { folder: "/data", name: "new" }],
    [
      { ...folder, path: "notes/." },
      { path: "/data", kind: "folder" as const },
      { folder: "/data", name: "" },
    ],
    [
      { ...folder, path: "." },
      { path: "/data/new", kind: undefined },
      { folder: "/data", name: "new" },
    ],
  ])("%o to %o", (from, to, lands) => expect(landing(from, to)).toEqual(lands));

  test("and not where it cannot", () => {
    expect(() => landing(folder, { path: "/data/a", kind: "file" })).toThrow("notes is a folder and /data/a a file: name a folder");
    expect(() => landing(file, { path: "/data/new/", kind: undefined })).toThrow(
      "there is no folder /data/new/: make it first, or name the file",
    );
  });
});

describe("a place", () => {
  const containers = [
    { name: "berth-dev-web-1-1111111", part: "web", live: true },
    { name: "berth-dev-web-2-2222222", part: "web", live: true },
    { name: "berth-dev-web-2-3333333", part: "web", live: false },
    { name: "berth-dev-worker-mail-1-4444444", part: "worker", live: true },
    { name: "berth-dev-gateway-proxy-5555555", part: "gateway", live: true },
    { name: "berth-dev-db", part: "accessory", live: true },
    { name: "berth-dev-migration-3f9a1c2b7d4e", part: "job", live: true },
  ];
  const volumes = [{ name: "data", engine: "berth-dev-data-volume-6666666" }];
  const choose = (where: string) => choosePlace(where, OWNER, containers, volumes);

  test.each([
    ["web-1", "berth-dev-web-1-1111111"],
    ["web-2", "berth-dev-web-2-2222222"], // that of a failed release only by its whole name
    ["berth-dev-web-2-3333333", "berth-dev-web-2-3333333"],
    ["mail-1", "berth-dev-worker-mail-1-4444444"],
    ["gateway", "berth-dev-gateway-proxy-5555555"],
    ["db", "berth-dev-db"],
  ])("%s is found", (where, container) => expect(choose(where)).toEqual({ container }));

  test("a volume is found by either name", () => {
    for (const where of ["volume/data", "volume/berth-dev-data-volume-6666666"])
      expect(choose(where)).toEqual({ volume: "berth-dev-data-volume-6666666" });
  });

  test("one of two volumes of a name is not chosen by chance", () => {
    const two = [
      { name: "data", engine: "berth-dev-data-volume-6666666" },
      { name: "data", engine: "berth-dev-data-restored-7777777" },
    ];
    expect(() => choosePlace("volume/data", OWNER, containers, two)).toThrow(
      '"volume/data" is not clear on stack dev: write volume/berth-dev-data-volume-6666666 or volume/berth-dev-data-restored-7777777',
    );
    expect(choosePlace("volume/berth-dev-data-restored-7777777", OWNER, containers, two)).toEqual({
      volume: "berth-dev-data-restored-7777777",
    });
  });

  const THERE = "there is db, gateway, mail-1, web-1, web-2, volume/data";
  test.each(["web", "web-3", "data", "migration-3f9a1c2b7d4e"])("%s is refused with what there is", (where) =>
    expect(() => choose(where)).toThrow(`there is no "${where}" on stack dev: ${THERE}`),
  );
  test("a volume that is not there is refused with what there is", () =>
    expect(() => choose("volume/notes")).toThrow(`there is no volume/notes on stack dev: ${THERE}`));

  test("two that fit as well are not chosen among", () => {
    const two = containers.map((container) => ({ ...container, live: false }));
    expect(() => choosePlace("web-2", OWNER, two, volumes)).toThrow(
      '"web-2" is not clear on stack dev: write berth-dev-web-2-2222222 or berth-dev-web-2-3333333',
    );
  });

  test("where nothing is, that is what there is", () => expect(() => choosePlace("web-1", OWNER, [], [])).toThrow("there is nothing yet"));
  test("another stack's name is left as it is", () => expect(shortName("berth-prod-web-1-1111111", OWNER)).toBe("berth-prod-web-1"));
});

test("the engine's words become a person's", () => {
  const inside = { writable: ["/data"] };
  expect(explained("Could not find the file /nope in container x", "web-1:/nope", inside)).toBe(
    "there is nothing at web-1:/nope (a folder in memory, such as /tmp, cannot be reached)",
  );
  expect(explained("container rootfs is marked read-only", "web-1:/etc", inside)).toBe(
    "web-1:/etc cannot be written: only what is below /data can",
  );
  expect(explained("mounted volume is marked read-only", "web-1:/etc", inside)).toBe(
    "web-1:/etc cannot be written: only what is below /data can",
  );
  expect(explained("container rootfs is marked read-only", "web-1:/etc", { writable: [] })).toBe(
    "web-1:/etc cannot be written: nothing in this container can",
  );
  expect(explained("extraction point is not a directory", "web-1:/data/a", inside)).toBe(
    "web-1:/data/a is no folder: an archive is unpacked into one",
  );
  expect(
    explained(
      'Error processing tar file(exit status 1): cannot overwrite directory "/data/d" with non-directory "/data"',
      "web-1:/data",
      inside,
    ),
  ).toBe("web-1:/data was not written: a folder cannot take the place of a file, nor a file that of a folder (/data/d)");
  for (const words of ["no space left on device", ""]) expect(explained(words, "web-1:/data", inside)).toBeUndefined();
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1536, "1.5 KiB"],
  [150 * 1024 ** 2, "150 MiB"],
  [2 * 1024 ** 3, "2.0 GiB"],
  [5000 * 1024 ** 4, "5000 TiB"],
])("%d bytes are %s", (bytes, words) => expect(sizeWords(bytes)).toBe(words));
