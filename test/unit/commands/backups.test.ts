import { describe as describeMade } from "../../../commands/backups/backUp.ts";
import { settingsOf } from "../../../commands/backups/context.ts";
import { inWords, sizeText } from "../../../commands/backups/progress.ts";
import { describeRecord } from "../../../commands/backups/records.ts";
import { explain, retryIn, unreadFiles } from "../../../commands/backups/resticErrors.ts";
import { isDue } from "../../../commands/backups/schedule.ts";
import { type Backup, chooseBackup, doubtOf, marksOf, nextNumber, readBackups } from "../../../commands/backups/snapshots.ts";
import { markOf } from "../../../commands/backups/source.ts";
import { ageInWords } from "../../../settings/units.ts";
import { secretLines, workspaceSpec } from "../../../commands/backups/workspaceSpec.ts";
import { type BackupRecord, drillProblems, readRecordLabels } from "../../../engine/backupRecord.ts";
import { OWNER, settingsOf as configured } from "../../support/configuration.ts";

const snapshot = (id: string, number: number, more: object = {}) => ({
  id,
  time: `2026-01-0${number}T03:00:00Z`,
  hostname: "berth-dev",
  tags: ["volume=data", `number=${number}`, "release=3f9a1c2b7d4e"],
  summary: { total_bytes_processed: 10, total_files_processed: 2 },
  ...more,
});
const list = (...snapshots: object[]) => readBackups(JSON.stringify(snapshots), OWNER);

describe("a stack's backups", () => {
  test("are those with its marks, by volume and newest first", () => {
    const backups = list(
      snapshot("aa", 1),
      snapshot("bb", 2),
      snapshot("cc", 1, { tags: ["volume=files", "number=1"], summary: undefined }),
      snapshot("dd", 3, { hostname: "berth-prod" }),
      snapshot("ee", 4, { tags: undefined }),
      snapshot("ff", 5, { tags: ["volume=data", "number=many"] }),
    );
    expect(backups).toEqual([
      {
        id: "bb",
        volume: "data",
        number: 2,
        time: "2026-01-02T03:00:00Z",
        release: "3f9a1c2b7d4e",
        size: 10,
        files: 2,
        source: "",
        doubt: "",
      },
      {
        id: "aa",
        volume: "data",
        number: 1,
        time: "2026-01-01T03:00:00Z",
        release: "3f9a1c2b7d4e",
        size: 10,
        files: 2,
        source: "",
        doubt: "",
      },
      { id: "cc", volume: "files", number: 1, time: "2026-01-01T03:00:00Z", release: "", size: 0, files: 0, source: "", doubt: "" },
    ]);
    expect(readBackups("null", OWNER)).toEqual([]);
  });

  test("are marked so that they are found again", () => {
    const words = ["--host", "berth-dev", "--tag", "volume=data", "--tag", "number=3", "--tag", "release=abc", "--tag", "source=ab12"];
    const made = { volume: "data", number: 3, release: "abc", source: "ab12" };
    expect(marksOf(OWNER, made, false)).toEqual(words);
    expect(marksOf(OWNER, made, true)).toEqual([...words, "--tag", "accepted"]);
  });

  test("are counted on, whatever the clock says", () => {
    const backups = list(
      snapshot("aa", 1, { time: "2030-01-01T00:00:00Z" }),
      snapshot("bb", 2),
      snapshot("cc", 3, { time: "1999-01-01T00:00:00Z" }),
    );
    expect(backups.map(({ id }) => id)).toEqual(["cc", "bb", "aa"]);
    expect(nextNumber(backups)).toBe(4);
    expect(nextNumber([])).toBe(1);
  });

  test("are chosen by the beginning of an id", () => {
    const backups = list(
      snapshot("aabbccdd11", 1),
      snapshot("aabbccdd22", 2),
      snapshot("cc00112233", 3, { tags: ["volume=files", "number=3"] }),
    );
    expect(chooseBackup(backups, "data", "latest").id).toBe("aabbccdd22");
    expect(chooseBackup(backups, "data", "aabbccdd1").id).toBe("aabbccdd11");
    expect(() => chooseBackup(backups, "data", "aabb")).toThrow("aabb could be aabbccdd or aabbccdd: give more of it");
    expect(() => chooseBackup(backups, "data", "ffff")).toThrow("there is no backup ffff (of volume data there are: aabbccdd, aabbccdd)");
    expect(() => chooseBackup(backups, "data", "cc00")).toThrow(
      "backup cc001122 is one of volume files, not of data (of that there are: aabbccdd, aabbccdd)",
    );
    expect(() => chooseBackup(backups, "mail", "latest")).toThrow("there is no backup of volume mail yet");
  });
});

describe("a backup counts", () => {
  const before = (more: Partial<Backup> = {}): Backup => ({
    id: "aabbccdd11",
    volume: "data",
    number: 1,
    time: "2026-01-01T03:00:00Z",
    release: "r",
    size: 1_000_000,
    files: 100,
    source: "one",
    doubt: "",
    ...more,
  });
  const doubt = (made: Partial<Backup>, last: Backup | undefined = before()) =>
    doubtOf(last, { size: 1_000_000, files: 100, source: "one", ...made });
  const NUMBERS = "where backup aabbccdd of 2026-01-01 03:00:00 has 100 files (976.6 KiB)";

  test("where it has about as much in it as the one before, or where there is nothing to lose", () => {
    expect(doubt({})).toBe("");
    expect(doubt({ files: 1 })).toBe(""); // a database in one file
    expect(doubt({ size: 10 })).toBe("");
    expect(doubt({ files: 5, size: 50_000 })).toBe("");
    expect(doubt({ files: 0, size: 0 }, before({ files: 0, size: 0 }))).toBe("");
    expect(doubtOf(undefined, { files: 0, size: 0, source: "one" })).toBe("");
  });

  test("not where there is nothing in it, or hardly anything of what was there", () => {
    expect(doubt({ files: 0, size: 0 })).toBe(`there is nothing in it: it has 0 files (0 bytes), ${NUMBERS}`);
    expect(doubt({ files: 4, size: 49_999 })).toBe(`it has shrunk to 4 files (48.8 KiB), ${NUMBERS}`);
    expect(doubt({ files: 4, size: 0 }, before({ size: 0 }))).toMatch(/^it has shrunk to 4 files/);
  });

  test("of another volume, only where that has at least half of it: it was restored, or moved", () => {
    expect(doubt({ source: "two", files: 50, size: 500_000 })).toBe("");
    expect(doubt({ source: "two", files: 49 })).toBe(`it is another volume than before, with 49 files (976.6 KiB), ${NUMBERS}`);
    expect(doubt({ source: "two", size: 400_000 })).toMatch(/^it is another volume than before/);
    expect(doubt({ source: "two", size: 400_000 }, before({ source: "" }))).toBe(""); // an earlier Berth did not write down which it was
  });

  const tags = (number: number, source: string, ...more: string[]) => ({
    tags: ["volume=data", `number=${number}`, "release=r", `source=${source}`, ...more],
    summary: { total_bytes_processed: 0, total_files_processed: 0 },
  });
  const doubts = (...snapshots: object[]) =>
    list(...snapshots)
      .reverse()
      .map(({ doubt: why }) => why.split(":")[0]);

  test("or not, for everybody who lists it, also where the command that made it was killed", () => {
    const backups = list(snapshot("aa", 1), snapshot("bb", 2, tags(2, "one")), snapshot("cc", 3, tags(3, "one")));
    expect(backups.map(({ doubt: why }) => why.split(":")[0])).toEqual(["there is nothing in it", "there is nothing in it", ""]);
    expect(chooseBackup(backups, "data", "latest").id).toBe("aa");
    expect(chooseBackup(backups, "data", "cc").id).toBe("cc");
    expect(nextNumber(backups)).toBe(4);
  });

  test("where somebody has accepted it, and then what is like it", () => {
    expect(doubts(snapshot("aa", 1), snapshot("bb", 2, tags(2, "one", "accepted")), snapshot("cc", 3, tags(3, "one")))).toEqual([
      "",
      "",
      "",
    ]);
  });

  test("as it always did where an earlier Berth made it", () => {
    expect(doubts(snapshot("aa", 1), snapshot("bb", 2, { summary: { total_bytes_processed: 0, total_files_processed: 0 } }))).toEqual([
      "",
      "",
    ]);
  });

  test("by volume and engine: another engine, name or label is another source, another day is not", () => {
    const volume = { Name: "data-1", Labels: { a: "1", b: "2" } };
    const marks = [
      markOf(volume, { ID: "E1" }),
      markOf(volume, { ID: "E2" }),
      markOf({ ...volume, Name: "data-2" }, { ID: "E1" }),
      markOf({ ...volume, Labels: null }, { ID: "E1" }),
    ];
    expect(new Set(marks).size).toBe(4);
    expect(markOf({ ...volume, Labels: { b: "2", a: "1" } }, { ID: "E1" })).toBe(marks[0]);
  });
});

describe("the container that restic works in", () => {
  const PASSWORD = "it's $ecret\n";
  const spec = (target: string, write: boolean) =>
    workspaceSpec(
      OWNER,
      { target },
      { what: "backup", volume: "data", mount: { source: "berth-dev-data-volume-1", write } },
      { host: "berth-aa-bb", script: "main" },
    );

  test("is hardened, reads the volume only, has no network for a folder, and ends with its input", () => {
    expect(spec("/srv/backups", false)).toMatchObject({
      Image: "restic/restic:0.18.1",
      User: "0:0",
      Hostname: "berth-aa-bb",
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ["main"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      Labels: { "berth.part": "backup", "berth.doing": "backup", "berth.volume": "data", "berth.host": "berth-aa-bb" },
      HostConfig: {
        AutoRemove: true,
        NetworkMode: "none",
        Mounts: [
          { Type: "bind", Source: "/srv/backups", Target: "/repository" },
          { Type: "volume", Source: "berth-dev-data-volume-1", Target: "/volume", ReadOnly: true },
        ],
        CapDrop: ["ALL"],
        CapAdd: ["DAC_OVERRIDE"],
        SecurityOpt: ["no-new-privileges:true"],
        ReadonlyRootfs: true,
        Init: true,
        Memory: 1024 ** 3,
        PidsLimit: 256,
      },
    });
    expect(spec("/srv/backups", false).HostConfig).not.toHaveProperty("NanoCpus");
    expect(spec("/srv/backups", false).HostConfig?.Tmpfs?.["/run/secrets"]).toBe("rw,noexec,nosuid,nodev,mode=0700,size=1m");
  });

  test("may give files to their owners where it writes, and reaches a target elsewhere", () => {
    const { HostConfig } = spec("s3:https://example.com/bucket", true);
    expect(HostConfig).toMatchObject({ NetworkMode: "bridge", CapAdd: ["DAC_OVERRIDE", "CHOWN", "FOWNER", "FSETID", "SETFCAP"] });
    expect(HostConfig?.Mounts).toEqual([{ Type: "volume", Source: "berth-dev-data-volume-1", Target: "/volume" }]);
  });

  test("that takes away a dead lock is its first process, and nobody's workspace", () => {
    const bare = workspaceSpec(
      OWNER,
      { target: "/b" },
      { what: "unlock" },
      { host: "berth-aa-bb", script: "main", words: ["restic", "unlock"], bare: true },
    );
    expect(bare).toMatchObject({ Hostname: "berth-aa-bb", Cmd: ["main", "restic", "unlock"] });
    expect(bare.HostConfig).not.toHaveProperty("Init");
    expect(bare.Labels).not.toHaveProperty(["berth.host"]);
  });

  test("gets what opens SFTP as files, each with a line's end", () => {
    const lines = secretLines({
      target: "sftp:me@host:b",
      password: PASSWORD,
      credentials: {},
      ssh: { key: "-----BEGIN KEY-----", knownHosts: "host ssh-ed25519 AAAA\n" },
    });
    const text = (name: string) => Buffer.from(new RegExp(`^${name} (\\S+)$`, "m").exec(lines)?.[1] ?? "", "base64").toString();
    expect([text("ssh-key"), text("known-hosts")]).toEqual(["-----BEGIN KEY-----\n", "host ssh-ed25519 AAAA\n"]);
  });

  test("gets its secrets by standard input, byte by byte", () => {
    const lines = secretLines({ target: "rest:http://host/", password: PASSWORD, credentials: { A: "it's", B: "two\nlines" } });
    const files = Object.fromEntries(
      lines
        .split("\n")
        .map((line) => line.split(" "))
        .filter(([, value]) => value)
        .map(([name, value = ""]) => [name, Buffer.from(value, "base64").toString()]),
    ) as object;
    expect(files).toEqual({
      password: PASSWORD,
      repository: "rest:http://host/",
      environment: "export A='it'\\''s'\nexport B='two\nlines'\n",
    });
    expect(lines.endsWith("\nend\n")).toBe(true);
  });
});

describe("what restic says", () => {
  const error = (message: string) => JSON.stringify({ message_type: "exit_error", code: 1, message: `Fatal: ${message}` });

  test.each([
    [12, "wrong password", "berth:backups.password does not open the repository at /b: set the one that it was made with"],
    [10, "repository does not exist", "there is no repository at /b: is its disk mounted, its address right?"],
    [
      11,
      "already locked by PID 7",
      "the repository at /b is in use: already locked by PID 7. Try again later; a lock that was left behind counts for nothing after 30 min",
    ],
    [1, "write /repository/data/x: no space left on device", "there is no room left: write /repository/data/x: no space left on device"],
    [1, "ciphertext verification failed", "the repository at /b is damaged: ciphertext verification failed"],
    [
      1,
      "client.BucketExists: The request signature we calculated does not match",
      "/b refuses what berth:backups.credentials holds: client.BucketExists: The request signature we calculated does not match",
    ],
    [1, "something else", "restic: something else"],
  ])("by exit code %d: %s", (code, message, expected) => {
    expect(explain(code, `${error(message)}\n`, "/b")).toBe(expected);
  });

  test("of a server that SSH does not get into is what SSH says", () => {
    const ssh = ["WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", "Host key verification failed."]
      .map((line) => `subprocess ssh: ${line}\n`)
      .join("");
    expect(
      explain(1, `${ssh}${error("unable to open repository: server unexpectedly closed connection: unexpected EOF")}\n`, "sftp:me@host:b"),
    ).toBe("sftp:me@host:b cannot be opened with berth:backups.ssh: Host key verification failed.");
  });

  test("of trying again tells whether there is hope", () => {
    const retry = (reason: string) => `Stat(<config/>) returned error, retrying after 2.41s: ${reason}`;
    expect(retryIn(retry("dial tcp: connection refused"))).toEqual({ reason: "dial tcp: connection refused", hopeless: false });
    expect(retryIn(retry("Stat: Access Denied."))).toEqual({ reason: "Stat: Access Denied.", hopeless: true });
    expect(retryIn("Host key verification failed.")).toBeUndefined();
    expect(explain(1, `${retry("Stat: Access Denied.")}\n`, "s3:b")).toBe(
      "s3:b refuses what berth:backups.credentials holds: Stat: Access Denied.",
    );
  });

  test("without words is told by its exit code", () => {
    expect(explain(137, "", "/b")).toBe("restic: it ended with exit code 137");
  });

  test("of files that were gone is no failure, of others it is", () => {
    const gone = {
      message_type: "error",
      error: { message: "lstat /volume/a: no such file or directory" },
      during: "scan",
      item: "/volume/a",
    };
    const bad = { message_type: "error", error: { message: "read /volume/b: input/output error" }, during: "archival", item: "/volume/b" };
    const end = error("at least one source file could not be read");
    expect(unreadFiles([gone, bad].map((line) => JSON.stringify(line)).join("\n") + `\n${end}`)).toEqual([
      "/volume/b: read /volume/b: input/output error",
    ]);
    expect(unreadFiles(`${JSON.stringify(gone)}\n${end}`)).toEqual([]);
  });

  test("of its progress is told in words", () => {
    expect(inWords('{"message_type":"status","percent_done":0.456,"total_bytes":2097152,"bytes_done":1048576}')).toBe(
      "45 %, 1.0 MiB of 2.0 MiB",
    );
    expect(inWords('{"message_type":"status","percent_done":1,"total_bytes":10,"bytes_restored":10}')).toBe("100 %, 10 bytes of 10 bytes");
    expect(inWords('{"message_type":"summary"}')).toBeUndefined();
    expect([0, 1023, 1024, 1024 ** 3, 5e15].map(sizeText)).toEqual(["0 bytes", "1023 bytes", "1.0 KiB", "1.0 GiB", "4547.5 TiB"]);
  });
});

describe("a backup is due", () => {
  const NOW = new Date("2026-03-10T12:00:00Z");
  const last = (time: string, good = true): BackupRecord => ({
    doing: "backup",
    volume: "data",
    time,
    good,
    backup: "aa",
    made: time,
    why: "",
  });
  const due = (schedule: string | undefined, ...records: BackupRecord[]) => isDue({ volume: "data", schedule }, records, NOW);

  test("once its schedule has had a time since the last one", () => {
    expect(due("0 * * * *", last("2026-03-10T11:30:00Z"))).toBe(true);
    expect(due("30 * * * *", last("2026-03-10T11:30:00Z"))).toBe(false);
    expect(due("0 0 1 1 *", last("2026-03-10T11:30:00Z"))).toBe(false);
  });

  test("where there was none, and where the last one lies in the future", () => {
    expect(due("0 0 1 1 *")).toBe(true);
    expect(
      due("0 0 1 1 *", { ...last("2026-03-10T11:30:00Z"), volume: "files" }, { ...last("2026-03-10T11:30:00Z"), doing: "drill" }),
    ).toBe(true);
    expect(due("0 0 1 1 *", last("2031-01-01T00:00:00Z"))).toBe(true);
  });

  test("a quarter of an hour after one that failed", () => {
    expect(due("0 0 1 1 *", last("2026-03-10T11:50:00Z", false))).toBe(false);
    expect(due("0 0 1 1 *", last("2026-03-10T11:45:00Z", false))).toBe(true);
  });

  test("never without a schedule", () => expect(due(undefined)).toBe(false));

  test("by the newest record of its volume", () => {
    const [older, newer, drill] = [
      last("2026-03-09T00:00:00Z"),
      last("2026-03-10T00:00:00Z"),
      { ...last("2026-03-10T01:00:00Z"), doing: "drill" as const },
    ];
    expect(readRecordLabels([older, newer, drill].map((record) => JSON.stringify(record)))).toEqual([drill, newer]);
  });
});

test("settings are read as Pulumi prints them, and what is wrong is said without a value", () => {
  const value = (entry: unknown, secret = false) => ({ value: typeof entry === "string" ? entry : JSON.stringify(entry), secret });
  const config = {
    "berth:port": value("80"),
    "docker:host": value("x"),
    "berth:backups": value({ target: "/b", password: "longenough" }, true),
    "berth:volumes": value([{ name: "data", target: "/data", backup: {} }]),
  };
  expect(settingsOf(JSON.stringify(config), "prod")).toMatchObject({
    port: 80,
    backups: { target: "/b" },
    volumeBackups: [{ volume: "data", keep: 7 }],
  });
  const wrong = { ...config, "berth:backups": value({ target: "/b", password: "hunter2" }, true) };
  expect(() => settingsOf(JSON.stringify(wrong), "prod")).toThrow(/^berth:backups.password has a value that does not fit/);
});

test.each([7, { daily: 7 }, { last: 3, hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: 0 }])(
  "%j is kept as it is written, of accessories as well",
  (keep) => {
    const config = {
      backups: { target: "/b", password: "longenough" },
      volumes: [{ name: "a", target: "/a", backup: { keep } }],
      accessories: [{ name: "db", kind: "redis", backup: { keep } }],
    };
    expect(configured(config).volumeBackups.map((one) => one.keep)).toEqual([keep, keep]);
  },
);

test("a backup that was made is told in one line", () => {
  const made = {
    volume: "data",
    backup: "aabbccdd",
    files: 3,
    bytes: 2048,
    bytesAdded: 100,
    seconds: 1.23,
    removed: ["00112233"],
    kept: 7,
    warnings: [],
  };
  expect(describeMade(made)).toBe(
    "Backed up volume data: backup aabbccdd, 3 files, 2.0 KiB, of which 100 bytes were added in 1.2 s; 7 kept; removed 00112233.",
  );
});

describe("a new release", () => {
  const NOW = new Date("2026-03-10T12:00:00Z");
  const BACKUPS = { target: "/b", password: "longenough", credentials: {}, maxDrillAge: 7 * 86_400 };
  const drilled = (time: string, why = ""): BackupRecord => ({
    doing: "drill",
    volume: "data",
    time,
    good: why === "",
    backup: "aa",
    made: time,
    why,
  });
  const problems = (...records: BackupRecord[]) => drillProblems(BACKUPS, [{ volume: "data", target: "/data", keep: 7 }], records, NOW);
  const WANTED = "berth:backups.maxDrillAge asks for a good drill of volume data within 7 days, but";

  test("may go live after a good drill that is not too old", () => {
    expect(problems(drilled("2026-03-04T12:00:00Z"))).toEqual([]);
    expect(drillProblems({ ...BACKUPS, maxDrillAge: undefined }, [{ volume: "data", target: "/data", keep: 7 }], [], NOW)).toEqual([]);
  });

  test.each<[string, BackupRecord[]]>([
    ["there was none yet", []],
    ["there was none yet", [{ ...drilled("2026-03-10T11:00:00Z"), doing: "backup" }]],
    ["the last one is 10 days old", [drilled("2026-02-28T12:00:00Z")]],
    ["the last one failed: it is damaged", [drilled("2026-03-10T11:00:00Z", "it is damaged")]],
  ])("may not where %s", (why, records) => {
    expect(problems(...records)).toEqual([`${WANTED} ${why}. Make one: npm run drill -- data`]);
  });

  test("is spoken of in status by what was done last", () => {
    const now = NOW.getTime();
    const record = drilled("2026-03-10T11:00:00Z");
    expect(describeRecord(record, now)).toBe("last drill of data: 60 min ago, good: backup aa, made 60 min ago");
    expect(describeRecord({ ...record, doing: "backup" }, now)).toBe("last backup of data: 60 min ago, aa");
    expect(describeRecord(drilled("2026-03-10T11:00:00Z", "no room"), now)).toBe("last drill of data: 60 min ago, failed: no room");
  });

  test("is told of ages as people say them", () => {
    expect([0, 119, 120, 7200, 172_800].map(ageInWords)).toEqual(["0 s", "119 s", "2 min", "2 h", "2 days"]);
  });
});
