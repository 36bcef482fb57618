/** How a record is rebuilt: preview by preview, until there is nothing that an update would make and that is there already. */
import { randomBytes, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { contentOf } from "../../release/imageName.ts";
import type { Release } from "../../release/ledger.ts";
import { LABEL, type Owner } from "../../release/labels.ts";
import { doneWords } from "../../steps/job.ts";
import { UserError } from "../shared/cli.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import type { Found } from "../../engine/found.ts";
import { resourceNameIn } from "./match.ts";
import { pastOf, readRecord } from "./past.ts";
import { adoptable, type Preview, type Resource, secret } from "./resources.ts";
import { Scratch } from "./scratch.ts";
import { readThings, type Things } from "./things.ts";

const STACK = "pulumi:pulumi:Stack";

export interface Adopted {
  /** The release that serves; undefined where only data were there. */
  readonly release: string | undefined;
  /** Names of the data volumes that are there. */
  readonly data: readonly string[];
  /** Names of the resources that an update would still make or change. */
  readonly differences: readonly string[];
}

/** Writes the record. @throws UserError before that where this checkout does not declare what serves */
export async function adoptStack(cli: PulumiCli, stack: string, owner: Owner, found: Found): Promise<Adopted> {
  const things = await readThings(owner, found);
  if (things.containers.length === 0 && !things.volumes.some(({ labels }) => labels[LABEL.part] === "data")) {
    throw new UserError(`there is nothing of stack ${stack} on the engine to adopt: npm run up -- --stack ${stack} makes it`);
  }
  const { key, ...past } = pastOf(await readRecord(things), things);
  const scratch = await Scratch.open(cli, stack);
  try {
    const root: Resource = {
      urn: `urn:pulumi:${owner.stack}::${owner.project}::${STACK}::${owner.project}-${owner.stack}`,
      type: STACK,
      custom: false,
      outputs: { ...past, ...(key !== undefined && { key: secret(key) }) },
    };
    const said = { key, job: doneWords(past.releases.map(({ name }) => name).reverse()) };
    const mint = (name: string) => (name === "" ? randomUUID() : name + randomBytes(4).toString("hex"));
    const dependencies = new Map<string, Resource["dependencies"]>(); // the record of a round names only what is in it already
    let known = await scratch.write([root], { look: false });
    for (let round = 1; ; round++) {
      const preview = await scratch.preview();
      if (round === 1) refuseAnother(stack, past.releases[0], preview.plan[root.urn]?.state ?? {});
      const more = adoptable(preview, known, things, said, mint);
      if (more.length === 0)
        return await settle(
          cli,
          stack,
          scratch,
          known.map((entry) => ({ ...entry, dependencies: dependencies.get(entry.urn) ?? [] })),
          preview,
          things,
        );
      for (const { urn, dependencies: needed } of more) dependencies.set(urn, needed);
      console.log(`Round ${round}: ${more.length} resources are there.`);
      known = await scratch.write([...known, ...more], { look: more.some(({ type }) => type.startsWith("docker:")) });
    }
  } finally {
    await scratch.close();
  }
}

/** @throws UserError where the checkout makes another release than the one that serves: an update would replace it */
function refuseAnother(stack: string, live: Release | undefined, outputs: Readonly<Record<string, unknown>>): void {
  const declared = (outputs["releases"] as readonly Release[] | undefined)?.[0];
  if (!live || !declared || declared.name === live.name) return;
  const settings = Object.keys({ ...live.settings, ...declared.settings }).filter(
    (key) =>
      !isDeepStrictEqual(
        (live.settings as unknown as Record<string, unknown>)[key],
        (declared.settings as unknown as Record<string, unknown>)[key],
      ),
  );
  const why =
    contentOf(declared.name) !== contentOf(live.name)
      ? "what the image is built from differs"
      : `these settings differ: ${settings.join(", ") || "secrets"}`;
  throw new UserError(
    `stack ${stack} serves release ${live.name}, and this checkout makes ${declared.name}: ${why}. Nothing was changed.\n` +
      `  Bring app and settings to what they were${live.commit ? ` (commit ${live.commit})` : ""}, or keep the release as it is, without a build:\n` +
      `  npm run pulumi -- config set berth:release ${live.name} --stack ${stack}\n` +
      `  Then run this again: npm run adopt -- --stack ${stack}`,
  );
}

/** @throws UserError where something that serves is not declared: the next update would take it away */
async function settle(
  cli: PulumiCli,
  stack: string,
  scratch: Scratch,
  known: readonly Resource[],
  { steps, plan }: Preview,
  things: Things,
): Promise<Adopted> {
  const ids = new Set(known.map(({ id }) => id));
  const adopted = things.containers.filter(({ id }) => ids.has(id)).map(({ name }) => resourceNameIn(name));
  // A second one of the same resource was left by an update that was cut off.
  const strangers = things.containers
    .filter(({ id, name, serves }) => serves && !ids.has(id) && !adopted.includes(resourceNameIn(name)))
    .map(({ name }) => name);
  if (strangers.length > 0) {
    const missing = steps.flatMap(({ op, urn }) => (op === "create" ? [nameOf(urn)] : []));
    throw new UserError(
      `this checkout does not declare what serves on stack ${stack} (${strangers.join(", ")}): bring its configuration to what it was. Nothing was changed.` +
        (missing.length > 0 ? `\n  It declares, and the engine does not have: ${missing.join(", ")}` : ""),
    );
  }
  const whole = known.map((resource) => (resource.custom ? resource : { ...resource, outputs: plan[resource.urn]?.state ?? {} }));
  await cli.read(["stack", "import", "--stack", stack], scratch.record(whole));
  const differences = steps.flatMap(({ op, urn }) => (["same", "read"].includes(op) ? [] : [nameOf(urn)]));
  const outputs = whole.find(({ type }) => type === STACK)?.outputs;
  return {
    release: things.containers.some(({ serves }) => serves) ? String(outputs?.["release"]) : undefined,
    data: things.volumes.filter(({ id, labels }) => ids.has(id) && labels[LABEL.part] === "data").map(({ name }) => name),
    differences: [...new Set(differences)],
  };
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;
