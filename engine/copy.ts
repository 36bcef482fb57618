/** Files into a container or its volumes, without a trace on this machine's disk. */
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { docker } from "./docker.ts";

export interface FileToCopy {
  readonly name: string;
  readonly content: string | Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Numeric owner; root where it is not given. */
  readonly uid?: number;
}

/** Copies files into a folder of a container; in a read-only container the folder must be on a volume. */
export async function copyInto(container: string, folder: string, files: readonly FileToCopy[]): Promise<void> {
  const archive = pack();
  for (const { name, content, mode, uid = 0 } of files) archive.entry({ name, mode, uid, gid: uid }, content);
  archive.finalize();
  await docker(["cp", "-", `${container}:${folder}`], { stdin: await buffer(archive) });
}
