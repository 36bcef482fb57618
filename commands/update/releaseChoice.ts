/** Which release a rollback means. Pure. */
import type { Release } from "../../release/ledger.ts";
import { UserError } from "../shared/cli.ts";

/**
 * The named release, else the one that was live before `live`. The live one may be named, too: that clears away what a
 * failed update left. @throws UserError where there is none to go to
 */
export function chooseRelease(live: string, releases: readonly Release[], name: string | undefined): Release {
  const others = releases.filter((entry) => entry.name !== live);
  const known = others.map((entry) => entry.name).join(", ");
  const target = name === undefined ? others[0] : releases.find((entry) => entry.name === name);
  if (target) return target;
  if (others.length === 0) throw new UserError(`there is no earlier release: ${live} is the first one`);
  throw new UserError(`release ${name} is not in the ledger: choose one of ${known} (npm run releases)`);
}
