/** The end of a command as by a power cut, as far as its own processes go. */
import type { ChildProcess } from "node:child_process";
import { updateProcesses } from "../../chaos/updateProcesses.ts";

/** Kills a command that was started with a process group of its own, and its Pulumi, which has another. @param folder its checkout */
export function killCommand(command: ChildProcess, folder: string): void {
  const pulumi = updateProcesses(folder)
    .filter(({ role }) => role === "cli")
    .map(({ pid }) => pid);
  for (const pid of [-(command.pid ?? 0), ...pulumi]) process.kill(pid, "SIGKILL");
}
