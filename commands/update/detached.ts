/** An update that outlives the terminal it was started on. */
import { type ChildProcess, spawn } from "node:child_process";
import { open, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Folder of what such updates have printed, within the project. */
const FOLDER = ".berth/updates";
/** So many are kept; the oldest go first. */
const KEPT = 20;
/** Milliseconds between two looks at what has been printed. */
const LOOK_EVERY = 200;

export interface Detached {
  /** Where it prints to, seen from the project. */
  readonly file: string;
  readonly process: ChildProcess;
  /** Shows what it prints until it ends. Returns its exit code. */
  follow(): Promise<number>;
}

/**
 * Starts this command with other words in a session of its own, where no signal of the terminal reaches it.
 * @param words all but the program's
 */
export async function startDetached(root: string, words: readonly string[]): Promise<Detached> {
  await mkdir(join(root, FOLDER), { recursive: true });
  const old = (await readdir(join(root, FOLDER))).sort().slice(0, 1 - KEPT);
  await Promise.all(old.map((name) => rm(join(root, FOLDER, name), { force: true })));
  const file = join(FOLDER, `${new Date().toISOString().replace(/[:.]/g, "-")}.log`);
  const log = await open(join(root, file), "a+");
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1, 2), ...words], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 1)));
  const print = async (from: number): Promise<number> => {
    const { bytesRead, buffer } = await log.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, from);
    process.stdout.write(buffer.subarray(0, bytesRead));
    return bytesRead === 0 ? from : print(from + bytesRead);
  };
  return {
    file,
    process: child,
    async follow() {
      let printed = 0;
      let code: number | undefined;
      void ended.then((own) => (code = own));
      while (code === undefined) {
        printed = await print(printed);
        await Promise.race([ended, sleep(LOOK_EVERY)]);
      }
      await print(printed);
      await log.close();
      return code;
    },
  };
}
