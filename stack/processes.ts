/** Processes of this machine: whether one lives, and those that an update has left behind. */
import { readdirSync, readFileSync } from "node:fs";

/**
 * Marks everything that a command's Pulumi starts, so that what is left of it is known for certain. The plugins have
 * process groups of their own, and the language host's parent changes when Pulumi is killed.
 */
export const MARK = "BERTH_COMMAND";
export const markOf = (root: string, pid = process.pid): string => `${pid}:${root}`;

/** The command that a process was started for, by its environment as /proc shows it; undefined for all others of this checkout. Pure. */
export function commandOf(environment: string, root: string): number | undefined {
  const value = environment
    .split("\0")
    .find((entry) => entry.startsWith(`${MARK}=`))
    ?.slice(MARK.length + 1);
  const [, pid, folder] = /^(\d+):(.*)$/s.exec(value ?? "") ?? [];
  return folder === root ? Number(pid) : undefined;
}

/** A zombie is dead: it has ended, and only its parent does not look. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's
  }
  return !/^\d+ \(.*\) [ZX]/s.test(read(`/proc/${pid}/stat`));
}

/** A process as /proc shows it now. */
export interface Running {
  /** The first 15 letters of its program's name. */
  readonly name: string;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
}

/** Of what Linux counts the beginning of a process in, so many make a second. */
const TICKS = 100;

/** The process with this id; undefined where it is not known: it has ended, or there is no /proc. */
export function findProcess(pid: number): Running | undefined {
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  const booted = /^btime (\d+)$/m.exec(read("/proc/stat"))?.[1];
  const ticks = rest?.split(" ")[19];
  return name === undefined || ticks === undefined || booted === undefined
    ? undefined
    : { name, began: (Number(booted) + Number(ticks) / TICKS) * 1000 };
}

interface Marked {
  readonly pid: number;
  readonly command: number;
  readonly name: string;
  /** Its words. */
  readonly words: readonly string[];
}

/**
 * Whether a marked process does Pulumi's work: Pulumi, a plugin, the program, a step, or docker for one of these. What
 * else carries the mark has got it on the way and serves the user from then on, such as the agent that a password
 * manager has started for a credential. Pure.
 */
export const isPulumis = ({ name, words }: Pick<Marked, "name" | "words">): boolean =>
  name.startsWith("pulumi") ||
  name.startsWith("docker") ||
  words.some((word) => /(^|[/\s])steps\/\w+\.ts\b|@pulumi\/pulumi\/cmd\/run/.test(word));

/** Of the marked processes those that nobody waits for any more: no Pulumi is left, and no command but this one. Pure. */
export const straysAmong = (marked: readonly Marked[], self: number, alive: (pid: number) => boolean): number[] =>
  marked
    .filter(({ pid, command }) => pid !== self && (command === self || !alive(command)))
    .filter(isPulumis)
    .filter(({ command }) => !marked.some((other) => other.command === command && other.name === "pulumi"))
    .map(({ pid }) => pid);

/**
 * Ends the processes that a killed Pulumi has left behind: those of this command, and those of commands of the same
 * checkout that are gone. Else a language host may run at full speed for minutes, and a step may still talk to the
 * gateway. Does nothing where there is no /proc.
 */
export function endStrays(root: string): void {
  const marked = list("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => {
      const command = commandOf(read(`/proc/${pid}/environ`), root);
      return command !== undefined && isAlive(pid)
        ? [{ pid, command, name: read(`/proc/${pid}/comm`).trim(), words: read(`/proc/${pid}/cmdline`).split("\0") }]
        : [];
    });
  for (const pid of straysAmong(marked, process.pid, isAlive)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
