import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACCESSORIES, accessoryImage as tagOf, ACCESSORY_KINDS } from "../../../settings/accessoryKinds.ts";
import { accessoryImage } from "../../../toolchain/accessoryImages.ts";
import { thisMachine } from "../../../toolchain/machine.ts";

const machine = thisMachine(process.cwd());

test.each(ACCESSORY_KINDS)("the image of %s that can be built is the one that a stack gets without naming a version", (kind) => {
  expect(accessoryImage(machine, kind).tag).toBe(tagOf(kind, ACCESSORIES[kind].version));
});

test("another version can only be downloaded, and the reason is told", async () => {
  expect(await accessoryImage(machine, "postgres", "postgres:16-bookworm").obstacle()).toBe(
    "Debian's packages make postgres:15-bookworm only",
  );
});

test("an image that is built from something else has another key", async () => {
  const [postgres, redis] = await Promise.all(ACCESSORY_KINDS.map((kind) => accessoryImage(machine, kind).key()));
  expect(postgres).not.toBe(redis);
  expect(await accessoryImage(machine, "postgres").key()).toBe(postgres);
});

describe("the first start of PostgreSQL", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "berth-postgres-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the entry point with stand-ins for PostgreSQL's programs, which write down what they were asked. */
  function start(): string[] {
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    const note = `echo "$(basename "$0") $*" >> ${folder}/calls`;
    for (const program of ["pg_ctl", "createdb", "postgres"]) writeFileSync(join(bin, program), `#!/bin/sh\n${note}\n`, { mode: 0o755 });
    const make = `for word in "$@"; do case "$word" in --pgdata=*) mkdir -p "\${word#--pgdata=}"; echo 15 > "\${word#--pgdata=}/PG_VERSION";; esac; done`;
    writeFileSync(join(bin, "initdb"), `#!/bin/sh\n${note}\n${make}\n`, { mode: 0o755 });
    const env = {
      PATH: `${bin}:${process.env["PATH"]}`,
      PGDATA: join(folder, "data"),
      POSTGRES_USER: "app",
      POSTGRES_DB: "app",
      POSTGRES_PASSWORD_FILE: "/run/secrets/password",
    };
    rmSync(join(folder, "calls"), { force: true });
    execFileSync("sh", ["toolchain/postgres-entrypoint.sh", "postgres", "-c", "listen_addresses=*"], { env });
    return execFileSync("cat", [join(folder, "calls")], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0] ?? "");
  }

  test("makes the database and then starts it; later ones only start it", () => {
    expect(start()).toEqual(["initdb", "pg_ctl", "createdb", "pg_ctl", "postgres"]);
    expect(start()).toEqual(["postgres"]);
  });

  test("begins anew where it was cut off", () => {
    mkdirSync(join(folder, "data.unfinished", "base"), { recursive: true });
    writeFileSync(join(folder, "data.unfinished", "PG_VERSION"), "15");
    expect(start()).toEqual(["initdb", "pg_ctl", "createdb", "pg_ctl", "postgres"]);
    expect(execFileSync("ls", [join(folder, "data")], { encoding: "utf8" })).not.toContain("base");
  });
});
