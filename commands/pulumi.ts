import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { findTools } from "../toolchain/setup.ts";
import { main, UserError } from "./shared/cli.ts";
import { askToEnd, endOf, startPulumi } from "../stack/pulumiProcess.ts";

let child: ChildProcess | undefined;

await main(
  async () => {
    const root = checkoutRoot();
    const tools = await findTools(root);
    if (tools === undefined) throw new UserError("Pulumi is not on this machine yet: npm run setup");
    const program = join(tools.pulumiFolder, "pulumi");
    child = startPulumi({ program, env: await pulumiEnvironment(root) }, process.argv.slice(2), { stdin: "person", output: "shown" });
    return endOf(child);
  },
  { onSignal: () => child && askToEnd(child) },
);
