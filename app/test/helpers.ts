import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import type { FastifyInstance } from "fastify";
import type { Environment } from "../src/environment.ts";
import { LazyNotes } from "../src/notes/lazy-notes.ts";
import { createWeb } from "../src/web.ts";

/** A folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "note-board-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file that holds this URL, as a secret would. */
export function urlFile(t: TestContext, url: string): string {
  const file = join(temporaryFolder(t), "database-url");
  writeFileSync(file, `${url}\n`);
  return file;
}

/** The app inside this process, on a folder of its own. */
export function web(t: TestContext, overrides: Partial<Environment> = {}): FastifyInstance {
  const environment: Environment = {
    port: 0,
    host: "127.0.0.1",
    dataDir: overrides.dataDir ?? temporaryFolder(t),
    databaseUrlFile: undefined,
    secretsDir: "/nowhere",
    release: "r1",
    replica: "web-1",
    greeting: "Hello",
    ...overrides,
  };
  const app = createWeb(environment, new LazyNotes(environment));
  t.after(() => app.close());
  return app;
}

/** A line of the log. */
export type Line = { readonly event: string; readonly [field: string]: unknown };

/** The app as a process of its own, as a container runs it. */
export interface Server {
  readonly process: ChildProcess;
  readonly port: number;
  readonly url: string;
  /** What it has logged so far. */
  readonly lines: readonly Line[];
  /** Its exit code, null where a signal ended it. */
  readonly exit: Promise<number | null>;
}

/** Starts the app on a free port and waits for its start line. */
export async function startServer(t: TestContext, variables: Record<string, string>): Promise<Server> {
  const { child, exit, lines, next } = runServer(t, { PORT: "0", HOST: "127.0.0.1", ...variables });
  const started = await next("started");
  const [{ port }] = started["addresses"] as [{ port: number }];
  return { process: child, port, url: `http://127.0.0.1:${port}`, lines, exit };
}

/** Runs src/server.ts with these environment variables and, of this process's own, only those Node needs. */
export function runServer(t: TestContext, variables: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "..", "src", "server.ts")], {
    env: { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines: Line[] = [];
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const output = createInterface(child.stdout);
  output.on("line", (line) => lines.push(JSON.parse(line) as Line));
  const next = (event: string) =>
    new Promise<Line>((resolve, reject) => {
      output.on("line", () => lines.at(-1)?.event === event && resolve(lines.at(-1) as Line));
      output.once("close", () => reject(new Error(`no line "${event}", but ${JSON.stringify(lines)}`)));
    });
  return { child, exit, lines, next };
}
