import { sweep } from "./leftovers.ts";

/** Starts from a clean engine: what an earlier run left when it was killed goes first. */
export default async function globalSetup(): Promise<void> {
  await sweep();
}
