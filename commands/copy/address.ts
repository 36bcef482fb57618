/** What `npm run cp` is asked to copy, and where that lands. Pure. */
import { basename, dirname } from "node:path/posix";
import { UserError } from "../shared/cli.ts";

/** One end of a copy. */
export type Address =
  | { readonly kind: "stream" }
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "inside"; readonly where: string; readonly path: string };

/** An address as a person writes it: `web-2:/path`, `volume/data:/path`, a path of this machine, or `-` for a tar archive. */
export function parseAddress(text: string): Address {
  if (text === "-") return { kind: "stream" };
  const [, where, path] = /^((?![./])[\w./-]+):(.*)$/s.exec(text) ?? [];
  if (where === undefined || path === undefined) return { kind: "local", path: text };
  if (!path.startsWith("/"))
    throw new UserError(
      `"${text}" has no absolute path behind "${where}:": write ${where}:/${path}, or ./${text} for a file of this machine`,
    );
  return { kind: "inside", where, path };
}

/** @throws UserError unless exactly one end is inside a container or volume */
export function checkEnds(from: Address, to: Address): void {
  const inside = [from, to].filter(({ kind }) => kind === "inside").length;
  if (inside === 2) throw new UserError("both ends are inside: copy to this machine first, then from there");
  if (inside === 0)
    throw new UserError("neither end is inside a container or a volume: write web-1:/path or volume/data:/path on one side");
}

/** What is found at a path. */
export type Kind = "folder" | "file" | undefined;

export interface Landing {
  /** Folder that gets the thing. */
  readonly folder: string;
  /** Its name there; "" for the contents of a folder without the folder itself. */
  readonly name: string;
}

/** Whether the contents of a folder are meant and not the folder, as `cp -a` reads a path that ends in `/.` */
export const meansContents = (path: string): boolean => /(^|\/)\.$/.test(path);

/**
 * Where a thing lands, by the rules of `cp -a`: in a folder that is there, under the name that was given else.
 * @throws UserError where a folder would take the place of a file, or the other way round
 */
export function landing(
  from: { readonly path: string; readonly name: string; readonly kind: "folder" | "file" },
  to: { readonly path: string; readonly kind: Kind },
): Landing {
  if (to.kind === "folder") return { folder: to.path, name: from.kind === "folder" && meansContents(from.path) ? "" : from.name };
  if (to.kind === "file" && from.kind === "folder") throw new UserError(`${from.path} is a folder and ${to.path} a file: name a folder`);
  if (from.kind === "file" && to.path.endsWith("/")) throw new UserError(`there is no folder ${to.path}: make it first, or name the file`);
  return { folder: dirname(to.path), name: basename(to.path) };
}
