/** Traffic as real clients make it, all through a test; every answer is counted and looked at. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";

/** Answers of one kind of client. */
export interface Tally {
  readonly sent: number;
  readonly failed: number;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
  /** How often each reason, such as "status 502", was one to fail. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface Report {
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly sent: number;
  readonly failed: number;
  /** Ids of the notes whose POST was answered well. */
  readonly posted: readonly string[];
  /** When the first and the last failed request ended, in milliseconds since 1970; 0 where none failed. */
  readonly failedFirst: number;
  readonly failedLast: number;
  /**
   * When a request was first answered well after the last of the failed ones had been sent, in milliseconds since 1970; 0 where none was.
   */
  readonly recovered: number;
  /** Milliseconds that the slowest quick request took: those of kinds `slow` and `stream` do not count. */
  readonly longest: number;
  /** When each release answered last, in milliseconds since 1970; from the clients of kind `newConnection`. */
  readonly lastSeen: Readonly<Record<string, number>>;
}

export interface Load {
  /** Requests so far. */
  sent(): number;
  /** Ends the load after the open requests and gives the report. */
  stop(): Promise<Report>;
}

export interface LoadOptions {
  readonly url: string;
  /** Kinds of clients; see `loadClients.ts`. Default: all. */
  readonly kinds?: readonly string[];
  /**
   * Milliseconds that a client waits between two quick requests. Default: 100, some 150 requests/s in all, so that the load is not what is
   * tested; 0 saturates two processors.
   */
  readonly pause?: number;
  /** Milliseconds after which the load ends by itself. Default: 15 minutes. */
  readonly longest?: number;
  /** Host header to send. */
  readonly host?: string;
  /** Words before the program, such as `nsenter` into another network namespace. */
  readonly within?: readonly string[];
}

/** Starts the load in a process of its own, so that the test's work does not slow it, and waits for the first answers. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const program = join(process.cwd(), "test/e2e/support/loadClients.ts");
  const [command = "", ...words] = [...(options.within ?? []), process.execPath, program, JSON.stringify(options)];
  const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  let sent = 0;
  let report: Report | undefined;
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const first = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as { sent: number } | { report: Report };
      if ("report" in message) report = message.report;
      else sent = message.sent;
      if (sent > 0) resolve();
    });
  });
  await Promise.race([first, closed]);
  return {
    sent: () => sent,
    async stop() {
      child.stdin.end();
      await closed;
      if (!report) throw new Error("the load ended without a report");
      return report;
    },
  };
}
