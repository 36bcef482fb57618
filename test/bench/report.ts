/** All that one run of the bench has found out. */
import type { Results } from "./rounds.ts";

export interface Report extends Results {
  /** Day, in ISO 8601. */
  readonly date: string;
  readonly command: string;
  /** Short name of the commit, with "+" where files were changed since. */
  readonly commit: string;
  /** What kind of machine it was. */
  readonly machine: string;
  readonly versions: { readonly pulumi: string; readonly compose: string; readonly buildx: string };
  readonly minutes: number;
  /** Times that each thing was measured. */
  readonly runs: number;
}
