/** A program in a workspace that may take hours, and is given up where it stands still or where no time can mend what it says. */
import { execIn, type Result } from "../../engine/containers.ts";
import { ageInWords } from "../../settings/units.ts";
import { UserError } from "../shared/cli.ts";
import { retryIn } from "./resticErrors.ts";

/** Seconds that may pass without a sign of progress: restic tells how far it is every other second. */
const IDLE = 900;
/** Seconds for all of it: more than any volume takes. */
const LONGEST = 20 * 86_400;

export interface WatchOptions {
  /** Where the repository is, for words. */
  readonly target: string;
  /** Told each line of its standard output. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Seconds that may pass without a sign of progress. Default: 900. */
  readonly idle?: number | undefined;
}

/** What is given up runs on in the container, and ends with it. @throws UserError where it stands still @throws EngineError */
export async function watchedExec(container: string, words: readonly string[], options: WatchOptions): Promise<Result> {
  const { target, onLine, idle = IDLE } = options;
  const end = new AbortController();
  const said = { stdout: "", stderr: "" };
  let outcome = "" as "" | "hopeless" | "idle";
  const giveUp = (why: typeof outcome): void => {
    outcome ||= why;
    end.abort();
  };
  const timer = setTimeout(() => giveUp("idle"), idle * 1000);
  let last = "";
  try {
    return await execIn(container, words, {
      seconds: LONGEST,
      signal: end.signal,
      onLine: (line, from) => {
        said[from] += `${line}\n`;
        const sign = signOf(line);
        if (sign !== last) timer.refresh();
        last = sign;
        if (from === "stdout") return onLine?.(line);
        const retry = retryIn(line);
        if (retry?.hopeless) giveUp("hopeless");
        else if (retry) console.error(`${target} does not do what it should, and restic tries again: ${retry.reason}`);
      },
    });
  } catch (error) {
    if (outcome === "hopeless") return { code: 1, ...said };
    if (outcome !== "idle") throw error;
    const doing = words.slice(words.indexOf("restic") + 1).find((word) => /^[a-z]+$/.test(word)) ?? words[0];
    const still = `${doing} in container ${container} made no progress for ${ageInWords(idle)}, and was given up`;
    throw new UserError(`${still}: does ${target} answer, and does its disk? ${lastWords(said)}`.trim());
  } finally {
    clearTimeout(timer);
  }
}

/** A line without what changes with the time alone. Pure. */
export const signOf = (line: string): string =>
  line.replace(/"seconds_(elapsed|remaining)":[\d.]+,?/g, "").replace(/^\[\d+(:\d+)+\] */, "");

function lastWords({ stdout, stderr }: Pick<Result, "stdout" | "stderr">): string {
  const last = (stderr || stdout).trimEnd().split("\n").at(-1) ?? "";
  return last === "" ? "" : `Its last words: ${last}`;
}
