/** How large volumes are, asked of the engine, which counts every file. */
import { EngineError } from "../docker/engineError.ts";
import { engine } from "./engine.ts";

/** So long may the counting take, in seconds. */
const PATIENCE = 10;

/** Of the engine's answer what is read; -1: it cannot tell. */
export interface Usage {
  readonly Volumes: readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } | null }[] | null;
}

/**
 * Sizes in words, such as "1.2GB", by the volumes' names; undefined where counting takes too long.
 * @param patience seconds that it may take. Default: 10
 * @throws EngineError for all else
 */
export async function volumeSizes(patience = PATIENCE): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return sizesIn(await engine().ask<Usage>({ path: "/system/df", what: "how large its volumes are" }, { seconds: patience }));
  } catch (error) {
    if (error instanceof EngineError && error.failure === "silent") return undefined;
    throw error;
  }
}

/** A volume whose size the engine cannot tell is left out. Pure. */
export function sizesIn({ Volumes }: Usage): Map<string, string> {
  const sizes = (Volumes ?? []).map(({ Name, UsageData }) => ({ Name, bytes: UsageData?.Size ?? -1 }));
  return new Map(sizes.filter(({ bytes }) => bytes >= 0).map(({ Name, bytes }) => [Name, inWords(bytes)]));
}

/** As the docker command says it: decimal units, up to four digits. */
function inWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${Number((bytes / 1000 ** step).toPrecision(4))}${units[step]}`;
}
