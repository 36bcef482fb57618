/** What runs with secrets, asked of the engine, and the hashes of today's values. */
import { urlSecret } from "../../settings/accessoryKinds.ts";
import { keyedHash } from "../../release/keyed.ts";
import { LABEL, ownedBy, type Owner } from "../../release/labels.ts";
import { askProgram } from "../../release/secretProgram.ts";
import type { ReleaseSettings, SecretSettings, Settings } from "../../settings/settings.ts";
import { listContainers, nameOf } from "../../engine/containers.ts";
import { processOf, type Running, type Today } from "./usage.ts";

/** The stack's running containers that have secrets. @throws EngineError */
export async function findRunning(owner: Owner): Promise<Running[]> {
  const listed = await listContainers(ownedBy(owner, LABEL.secrets));
  return listed
    .filter(({ Labels }) => ["web", "worker"].includes(Labels[LABEL.part] ?? ""))
    .map((found) => {
      const { Labels } = found;
      const container = nameOf(found);
      const process = processOf(container, owner.project, owner.stack);
      const { secretsFor, accessories = [] } = JSON.parse(Labels[LABEL.settings] ?? "{}") as Partial<ReleaseSettings>;
      const hashes = JSON.parse(Labels[LABEL.secrets] ?? "{}") as Record<string, string>;
      return { container, process, hashes, gets: secretsFor?.[process === "canary" ? "web" : process], made: accessories.map(urlSecret) };
    });
}

/** Hashes of today's values. Programs are asked, as an update would. @param key the stack's; undefined before its first update */
export async function hashToday(set: Settings["secrets"], key: string | undefined): Promise<Record<string, Today>> {
  if (key === undefined) return {};
  const hash = async (name: string, value: SecretSettings): Promise<Today> => {
    try {
      return { hash: keyedHash(key, name, "base64" in value ? Buffer.from(value.base64, "base64") : await askProgram(name, value)) };
    } catch (error) {
      return { unknown: (error as Error).message };
    }
  };
  return Object.fromEntries(await Promise.all(Object.entries(set).map(async ([name, value]) => [name, await hash(name, value)] as const)));
}
