/** Removes what killed updates have left on the engine: never data, never what Pulumi knows of, never a stranger's. */
import type { Owner } from "../../engine/labels.ts";
import { UserError } from "../shared/cli.ts";
import { type Declared, readDeclared } from "../../stack/record.ts";
import { docker } from "../../engine/containers.ts";
import { type Found, lookAtEngine } from "../../engine/found.ts";
import { orphansOf } from "../view/orphans.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";

/** What a part holds that there is only one of. */
const HOLDS: Readonly<Record<string, string>> = { gateway: "the port", accessory: "its name and its data" };

/**
 * To be called before an update: a gateway or an accessory that a killed update has made holds what this one needs.
 * @throws UserError where nobody has agreed yet, because it may be the one that serves
 */
export async function removeLeftHolders({ declared, found }: { declared: Declared; found: Found }, agreed: boolean): Promise<void> {
  const orphans = orphansOf(declared, found).containers;
  for (const { name, part } of found.containers.filter((container) => container.part in HOLDS && orphans.includes(container.name))) {
    if (!agreed) throw new UserError(`an update that was cut off has left ${part} ${name}, which holds ${HOLDS[part]}: run npm run up -- --yes, which puts another in its place`);
    if (part === "accessory") await docker("stop", "--time", "60", name); // a database writes down first what it has in memory
    await docker("rm", "--force", name);
    console.log(`Removed ${part} ${name}, which an update that was cut off had left.`);
  }
}

/**
 * To be called after an update that succeeded, with what the engine had before it began: what has come since may be
 * another update's, which has not written it down yet. One line each.
 */
export async function removeOrphans(cli: PulumiCli, stack: string, owner: Owner, before: { declared: Declared; found: Found }): Promise<void> {
  if (Object.values(orphansOf(before.declared, before.found)).flat().length === 0) return;
  const [exported, now] = await Promise.all([cli.read(["stack", "export", "--stack", stack]), lookAtEngine(owner)]);
  const declared = readDeclared(exported);
  const { containers, networks, volumes, routes } = orphansOf(declared, before.found);
  const gateway = declared.route?.input.gateway;
  for (const [kind, names, there, ...words] of [
    ["route", routes, now.routes?.map(({ service }) => service), "exec", gateway ?? "", "kamal-proxy", "remove"],
    ["container", containers, now.containers.map(({ name }) => name), "rm", "--force"],
    ["network", networks, now.networks.map(({ name }) => name), "network", "rm"],
    ["volume", volumes, now.volumes.map(({ name }) => name), "volume", "rm"],
  ] as const) {
    for (const name of names.filter((orphan) => there?.includes(orphan))) {
      await docker(...words, name).then(
        () => console.log(`Removed ${kind} ${name}, which an update that was cut off had left.`),
        (error: Error) => console.log(`Left ${kind} ${name}, which an update that was cut off had left: ${error.message}`),
      );
    }
  }
}
