/** Why restic failed, in words that say what to do. Pure. */

/** Restic's exit codes, as far as something is to be said of them. */
export const EXIT = { incomplete: 3, noRepository: 10, locked: 11, wrongPassword: 12 } as const;

const DAMAGED =
  /ciphertext verification failed|invalid data returned|hash mismatch|does not match|is damaged|pack [0-9a-f]{8,}\S* |unexpected EOF|not found in (index|repository)|does not exist|no such file/i;

/** What no time can mend, and restic tries again for a quarter of an hour. */
const REFUSED = /signature|access key|access denied|forbidden|unauthorized|\b40[13]\b/i;

/** Of a line that says that restic tries again: why, and whether there is no hope. */
export function retryIn(line: string): { readonly reason: string; readonly hopeless: boolean } | undefined {
  const reason = /returned error, retrying after [^:]*: (.*)$/.exec(line)?.[1];
  return reason === undefined ? undefined : { reason, hopeless: REFUSED.test(reason) };
}

/** @param stderr with the lines of `--json`, or plain ones */
export function explain(code: number, stderr: string, target: string): string {
  const said = messagesOf(stderr);
  const last = said.at(-1) ?? `it ended with exit code ${code}`;
  if (code === EXIT.wrongPassword)
    return `berth:backups.password does not open the repository at ${target}: set the one that it was made with`;
  if (code === EXIT.noRepository) return `there is no repository at ${target}: is its disk mounted, its address right?`;
  if (code === EXIT.locked)
    return `the repository at ${target} is in use: ${last}. Try again later; a lock that was left behind counts for nothing after 30 min`;
  if (/no space left on device/i.test(stderr)) return `there is no room left: ${said.find((line) => /no space left/i.test(line)) ?? last}`;
  if (/repository master key|no key found|wrong password/i.test(stderr)) return `the repository at ${target} cannot be opened: ${last}`;
  const ssh = said.findLast((line) => line.startsWith("subprocess ssh: "))?.replace("subprocess ssh: ", "");
  if (ssh !== undefined) return `${target} cannot be opened with berth:backups.ssh: ${ssh}`;
  const refused = said.map((line) => retryIn(line)?.reason ?? line).find((line) => REFUSED.test(line));
  if (refused !== undefined) return `${target} refuses what berth:backups.credentials holds: ${refused}`;
  if (DAMAGED.test(stderr)) return `the repository at ${target} is damaged: ${said.find((line) => DAMAGED.test(line)) ?? last}`;
  return `restic: ${last}`;
}

/** The messages in what restic printed, without its JSON. */
export function messagesOf(stderr: string): string[] {
  return stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      if (!line.startsWith("{")) return line.replace(/^Fatal: /, "");
      try {
        const { message, error, item } = JSON.parse(line) as { message?: string; error?: { message: string }; item?: string };
        return (message ?? [item, error?.message].filter(Boolean).join(": ")).replace(/^Fatal: /, "");
      } catch {
        return line;
      }
    });
}

/** Files that restic could not read, with the reason; those that were gone when it came to them are none. */
export const unreadFiles = (stderr: string): string[] =>
  messagesOf(stderr).filter((line) => !/no such file or directory|at least one source file could not be read/i.test(line));
