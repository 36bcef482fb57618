/** The processes of a running update, told apart by their command line. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { commandOf, isAlive } from "../../stack/processes.ts";

export type Role = "cli" | "language host" | "program" | "docker plugin" | "command plugin" | "step";

const ROLES: readonly [role: Role, pattern: RegExp][] = [
  ["cli", /^(\S*\/)?pulumi up /],
  ["language host", /pulumi-language-nodejs/],
  ["program", /@pulumi\/pulumi\/cmd\/run/],
  ["docker plugin", /pulumi-resource-docker/],
  ["command plugin", /pulumi-resource-command/],
  ["step", /^(\S*\/)?node steps\/\w+\.ts/],
];

/** The role of a process by its command line, words joined by blanks. Pure. */
export const roleOf = (commandLine: string): Role | undefined => ROLES.find(([, pattern]) => pattern.test(commandLine))?.[0];

export interface UpdateProcess {
  readonly pid: number;
  readonly role: Role | undefined;
  readonly commandLine: string;
}

/** All processes that the commands of the checkout in `folder` have started and that live. */
export function updateProcesses(folder: string): UpdateProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name);
      try {
        if (commandOf(readFileSync(`/proc/${pid}/environ`, "utf8"), folder) === undefined || !isAlive(pid)) return [];
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
        return [{ pid, commandLine, role: roleOf(commandLine) }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/**
 * Waits for a process of this role.
 * @throws Error where none comes within `patience` milliseconds
 */
export async function findProcess(folder: string, role: Role, patience: number): Promise<number> {
  const end = Date.now() + patience;
  for (;;) {
    const found = updateProcesses(folder).find((process) => process.role === role);
    if (found) return found.pid;
    if (Date.now() > end) throw new Error(`there was no ${role} within ${patience} ms`);
    await sleep(10);
  }
}
