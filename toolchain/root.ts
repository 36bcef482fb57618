import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../settings/userError.ts";

/** The checkout that holds `start`: the nearest folder upwards with Pulumi's and npm's project files. */
export function checkoutRoot(start: string = dirname(process.argv[1] ?? ".")): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "toolchain", "go"))) return folder;
    if (folder === dirname(folder)) throw new UserError(`${start} is not in a checkout of Berth: run the command from one`);
  }
}
