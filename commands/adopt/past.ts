/** What an update has to know of the ones before it, as the engine remembers it. */
import { urlSecret } from "../../settings/accessoryKinds.ts";
import type { Past, Release } from "../../release/ledger.ts";
import { LABEL } from "../../release/labels.ts";
import { contentIn } from "../../engine/files.ts";
import { RECORD_FILE } from "../../engine/gatewayWords.ts";
import { UserError } from "../shared/cli.ts";
import type { ContainerThing, Things } from "./things.ts";

/** The record in the gateway; undefined where an older Berth made that. @throws UserError where it cannot be read @throws EngineError */
export async function readRecord({ containers }: Things): Promise<Past | undefined> {
  const gateway = containers.find(({ labels }) => labels[LABEL.part] === "gateway");
  const content = gateway && (await contentIn(gateway.id, RECORD_FILE));
  if (content === undefined) return undefined;
  try {
    return JSON.parse(content.toString()) as Past;
  } catch (error) {
    const why = `what gateway ${gateway?.name} remembers cannot be read (${RECORD_FILE}): ${(error as Error).message}`;
    throw new UserError(`${why}. Nothing was changed`);
  }
}

/**
 * The past with what serves on top. A record that is missing, or older than what serves, is made up from the labels of what
 * does; undefined where nothing serves. Pure.
 */
export function pastOf(record: Past | undefined, { containers, volumes }: Things): Past {
  const { releases, accessories, key } = record ?? { releases: [], accessories: {}, key: undefined };
  const serving = containers.filter(({ labels, serves }) => labels[LABEL.part] === "web" && serves);
  const live = serving.find(({ labels }) => labels[LABEL.release] === releases[0]?.name) ?? serving[0]; // a canary serves beside it
  const found = volumes.flatMap(({ labels: { [LABEL.part]: part, [LABEL.volume]: volume } }) =>
    part === "data" && volume ? [volume] : [],
  );
  return {
    releases: live && releases[0]?.name !== live.labels[LABEL.release] ? [releaseOf(live), ...releases] : releases,
    dataVolumes: [...new Set([...found, ...(record?.dataVolumes ?? [])])].sort(),
    accessories,
    key,
  };
}

/** A release by its container: when it went live, and who made it, is not known. */
function releaseOf({ labels, image, created }: ContainerThing): Release {
  const settings = JSON.parse(labels[LABEL.settings] ?? "{}") as Release["settings"];
  const urls = (settings.accessories ?? []).map(urlSecret);
  const secrets = Object.keys(JSON.parse(labels[LABEL.secrets] ?? "{}") as object).filter((name) => !urls.includes(name));
  return { name: labels[LABEL.release] ?? "", image, settings, secrets: secrets.sort(), time: created };
}
