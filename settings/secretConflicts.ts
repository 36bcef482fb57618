/** Secrets that are given to a process that is not there, or are not set themselves. */
import { closest } from "fastest-levenshtein";
import { urlSecret } from "./accessoryKinds.ts";
import type { Settings } from "./types.ts";
import { type Path, pathText, removeCommand, setCommand } from "./commands.ts";

/** One line for each conflict, with both sides and what to do. */
export function findSecretConflicts({ secrets, accessories, build, next }: Settings): string[] {
  const processes = ["web", ...next.workers.map(({ name }) => name)];
  const known = [...Object.keys(secrets), ...accessories.map(({ name }) => urlSecret(name))];
  const unset = (path: Path, name: string) =>
    `${pathText(path)} is ${name}, which is no secret of this stack: ${setCommand(["secrets", name], "<value>")}, or remove it with: ${removeCommand(path)}`;
  const ofBuild = (build.secrets ?? []).flatMap((name, index) => (name in secrets ? [] : [unset(["build", "secrets", index], name)]));
  const ofProcesses = Object.entries(next.secretsFor ?? {}).flatMap(([process, names]) => {
    const path = ["secretsFor", process];
    if (!processes.includes(process))
      return [
        `${pathText(path)} is for a process that is not there: did you mean ${closest(process, processes)}? Remove it with: ${removeCommand(path)}`,
      ];
    return names.flatMap((name, index) => (known.includes(name) ? [] : [unset([...path, index], name)]));
  });
  return [...ofBuild, ...ofProcesses];
}
