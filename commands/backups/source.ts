/** The volume that a backup is made of: it has to be on the engine, and which one it was is kept with the backup. */
import { createHash } from "node:crypto";
import { engine, engineInfo, type Info } from "../../engine/engine.ts";
import { findVolume, type Volume } from "../../engine/volumes.ts";
import { UserError } from "../shared/cli.ts";
import { LABEL } from "../../release/labels.ts";

/** A volume of an engine. */
export interface Source {
  /** The engine's name of it. */
  readonly name: string;
  /** Another one for each volume of each engine, also under the same name. */
  readonly mark: string;
}

export interface Wanted {
  /** The volume's name in the configuration, and the engine's. */
  readonly volume: string;
  readonly name: string;
  /** Whether Berth made it. */
  readonly own: boolean;
  /** Whether any volume of that name will do. */
  readonly accepted: boolean;
  readonly stack: string;
}

/**
 * Looks before anything is made: an engine makes an empty volume, without labels, for a mount whose volume it does not have.
 * @throws UserError where the engine does not have it, or has another one under its name
 */
export async function findSource({ volume, name, own, accepted, stack }: Wanted): Promise<Source> {
  const [found, info] = await Promise.all([findVolume(name), engineInfo()]);
  const at = `the Docker engine at ${engine().address.host}`;
  const isOther = own && !accepted && found !== undefined && found.Labels?.[LABEL.volume] !== volume;
  if (found && !isOther) return { name, mark: markOf(found, info) };
  const why = found
    ? `what ${at} has under that name was not made by Berth: engines make an empty volume where a container asks for one that is gone`
    : `${at} has no such volume`;
  throw new UserError(
    `stack ${stack} has the data of ${volume} in volume ${name}, and ${why}. Nothing was made, and no backup was removed.\n` +
      `  Are the data on another engine? Have the stack look there: npm run pulumi -- config set docker:host <address> --stack ${stack}\n` +
      `  Are they lost? Bring the newest backup back: npm run restore -- ${volume} --stack ${stack}\n` +
      (found
        ? `  Did you put them there yourself? Say so: npm run backup -- ${volume} --accept --stack ${stack}`
        : `  Are they there under another name? Rebuild Pulumi's record: npm run adopt -- --stack ${stack}`),
  );
}

/** Of labels and name, because what engines tell of a volume's making is, up to 24, when its folder was changed last. Pure. */
export function markOf({ Name, Labels }: Pick<Volume, "Name" | "Labels">, { ID }: Pick<Info, "ID">): string {
  const labels = Object.entries(Labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([ID, Name, labels]))
    .digest("hex")
    .slice(0, 12);
}
