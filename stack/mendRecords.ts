/**
 * Pulumi's records of the stacks in a file backend. A full disk cuts them short, and then no command of Pulumi works on
 * any stack: the newest one that is whole takes the place. What has happened since is found again by its labels.
 */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { paint } from "../toolchain/paint.ts";
import { UserError } from "../settings/userError.ts";
import { stateFolder } from "./backend.ts";
import { refuseIfHeld } from "./pulumiLock.ts";
import { isWhole } from "./sidecars.ts";
import { projectName } from "./settingsFile.ts";
import type { PulumiCli } from "./pulumiCli.ts";

/** @throws UserError where a record is cut short and no earlier one is whole, or where an update is at work on its stack */
export async function mendRecords(cli: PulumiCli): Promise<void> {
  const state = await stateFolder(cli);
  if (state === undefined) return;
  const folder = join(state, ".pulumi");
  const project = await projectName(cli.root);
  const stacks = await filesIn(join(folder, "stacks", project), /\.json$/);
  for (const file of stacks) {
    if (isWhole(await readFile(file, "utf8"))) continue;
    const stack =
      file
        .split("/")
        .at(-1)
        ?.replace(/\.json$/, "") ?? "";
    await refuseIfHeld(cli, stack);
    const earlier = [
      `${file}.bak`,
      ...(await filesIn(join(folder, "backups", project, stack), /\.json$/)).reverse(), // named by their time
      ...(await filesIn(join(folder, "history", project, stack), /\.checkpoint\.json$/)).reverse(),
    ];
    const whole = await firstWhole(earlier);
    if (!whole)
      throw new UserError(
        `Pulumi's record of stack ${stack} is cut short, which a full disk does, and no earlier one is whole: bring ${file} back from a backup`,
      );
    await writeFile(`${file}.new`, whole.text);
    await rename(`${file}.new`, file);
    console.log(
      `${paint("yellow", "record:")} Pulumi's record of stack ${stack} was cut short, which a full disk does. An earlier one takes its place: ${whole.file}`,
    );
  }
}

const filesIn = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(folder).catch(() => []))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));

async function firstWhole(files: readonly string[]): Promise<{ file: string; text: string } | undefined> {
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (isWhole(text)) return { file, text };
  }
  return undefined;
}
