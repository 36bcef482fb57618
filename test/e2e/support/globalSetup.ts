import { makeFolder, RUN, sweep } from "./leftovers.ts";

/** Starts from a clean engine: what an earlier run left when it was killed goes first. Tells the workers whose their stacks are. */
export default async function globalSetup(): Promise<void> {
  process.env[RUN] = String(process.pid);
  await sweep();
  await makeFolder();
}
