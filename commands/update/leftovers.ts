/** Removes what killed updates have left on the engine: never data, never what Pulumi knows of, never a stranger's. */
import { EngineError } from "../../docker/engineError.ts";
import { removeContainer, stopContainer } from "../../engine/containers.ts";
import { type Found, lookAtEngine } from "../../engine/found.ts";
import { tellGateway } from "../../engine/gateway.ts";
import type { Owner } from "../../release/labels.ts";
import { type Kind, removeThing } from "../../engine/remove.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { readRecord } from "../../stack/stack.ts";
import { type Declared, readDeclared } from "../../stack/record.ts";
import { UserError } from "../shared/cli.ts";
import { mayServe, orphansOf } from "../view/orphans.ts";

/** What a part holds that there is only one of. */
const HOLDS: Readonly<Record<string, string>> = { gateway: "the port", accessory: "its name and its data" };
/** Seconds that a database gets to write down what it has in memory. */
const GRACE = 60;

/** Something that goes. */
export type Removal =
  | { readonly kind: Exclude<Kind, "image">; readonly name: string }
  | { readonly kind: "route"; readonly name: string; readonly gateway: string };

/** A stack by Pulumi's record and by the engine's word. */
interface View {
  readonly declared: Declared;
  readonly found: Found;
}

/**
 * To be called before an update: a gateway or an accessory that a killed update has made holds what this one needs.
 * @throws UserError where nobody has agreed yet, because it may be the one that serves
 */
export async function removeLeftHolders({ declared, found }: View, agreed: boolean): Promise<void> {
  const orphans = orphansOf(declared, found).containers;
  for (const { name, part } of found.containers.filter((container) => container.part in HOLDS && orphans.includes(container.name))) {
    if (!agreed)
      throw new UserError(
        `an update that was cut off has left ${part} ${name}, which holds ${HOLDS[part]}: run npm run up -- --yes, which puts another in its place`,
      );
    if (part === "accessory") await stopContainer(name, GRACE);
    await removeContainer(name);
    console.log(`Removed ${part} ${name}, which an update that was cut off had left.`);
  }
}

/**
 * To be called after an update that succeeded, or a removal, with what the engine had before it began: what has come since may be
 * another update's, which has not written it down yet. One line each.
 */
export async function removeOrphans(cli: PulumiCli, stack: string, owner: Owner, before: View): Promise<void> {
  if (Object.values(orphansOf(before.declared, before.found)).flat().length === 0) return;
  const [exported, now] = await Promise.all([readRecord(cli, stack), lookAtEngine(owner)]);
  for (const removal of removalsFor(readDeclared(exported), before.found, now)) {
    const words = `${removal.kind} ${removal.name}, which an update that was cut off had left`;
    await carryOut(removal).then(
      () => console.log(`Removed ${words}.`),
      (error: unknown) => {
        if (!(error instanceof EngineError)) throw error;
        console.log(`Left ${words}: ${error.message}`);
      },
    );
  }
}

/**
 * Of what was left before, what is still there, in the order in which it has to go; while the stack has a route, not what may serve by
 * it. Pure.
 */
export function removalsFor(declared: Declared, before: Found, now: Found): Removal[] {
  const orphans = orphansOf(declared, before);
  const gateway = declared.route?.input.gateway;
  const serves = declared.route ? mayServe(declared, now) : () => false;
  const routes = typeof now.routes === "string" ? [] : now.routes.map(({ service }) => service);
  const still = (names: readonly string[], things: readonly { readonly name: string }[]) =>
    names.filter((orphan) => things.some(({ name }) => name === orphan));
  const unrouted = orphans.routes.filter((name) => routes.includes(name));
  return [
    ...(gateway === undefined ? [] : unrouted.map((name): Removal => ({ kind: "route", name, gateway }))),
    ...still(orphans.containers, now.containers)
      .filter((name) => !serves(name))
      .map((name): Removal => ({ kind: "container", name })),
    ...still(orphans.networks, now.networks).map((name): Removal => ({ kind: "network", name })),
    ...still(orphans.volumes, now.volumes).map((name): Removal => ({ kind: "volume", name })),
  ];
}

const carryOut = (removal: Removal): Promise<void> =>
  removal.kind === "route" ? tellGateway(removal.gateway, ["remove", removal.name]) : removeThing(removal.kind, removal.name);
