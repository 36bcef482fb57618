/** Damage that takes more than one command. It needs the engine's own machine, and root there. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, open, stat, truncate, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULTS } from "../../components/gateway.ts";
import type { Checkout } from "../e2e/support/checkout.ts";
import { docker } from "../e2e/support/engine.ts";

/** Ends a container's first process from outside, as a crash would: the engine then starts it again. */
export async function crash(container: string): Promise<void> {
  const pid = Number(await docker("inspect", "--format", "{{.State.Pid}}", container));
  if (pid === 0) throw new Error(`${container} does not run`); // 0 would be this process and its group
  process.kill(pid, "SIGKILL");
}

/** What a gateway that was killed while it wrote would find. */
export async function truncateState(gateway: string): Promise<void> {
  const mount = `{{range .Mounts}}{{if eq .Destination "${DEFAULTS.stateFolder}"}}{{.Source}}{{end}}{{end}}`;
  const file = join(await docker("inspect", "--format", mount, gateway), "kamal-proxy.state");
  await docker("kill", gateway);
  await truncate(file, Math.floor((await stat(file)).size / 2));
  await docker("start", gateway);
}

/** A lock as Pulumi leaves it when it is killed. */
export async function leaveLock({ env, stack }: Checkout): Promise<void> {
  const folder = join((env["PULUMI_BACKEND_URL"] ?? "").replace("file://", ""), ".pulumi", "locks", "organization", "berth", stack);
  await mkdir(folder, { recursive: true });
  const lock = { pid: await deadPid(), username: userInfo().username, hostname: hostname(), timestamp: new Date().toISOString() };
  await writeFile(join(folder, `${randomUUID()}.json`), JSON.stringify(lock));
}

/** Number of a process that has ended. */
const deadPid = (): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn("true");
    child.on("exit", () => resolve(child.pid ?? 0));
  });

/** The file that takes all the room. */
export const fillerOf = (disk: string): string => join(disk, "filler");

/** Writes until there is no room left. */
export async function fillDisk(disk: string): Promise<void> {
  const file = await open(fillerOf(disk), "w");
  try {
    for (const size of [1024 ** 2, 4096, 1]) {
      const part = Buffer.alloc(size);
      for (;;) {
        try {
          if ((await file.write(part)).bytesWritten < size) break;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          break;
        }
      }
      await sleep(1); // others write, too
    }
  } finally {
    await file.close();
  }
}
