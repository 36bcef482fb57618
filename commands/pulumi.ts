import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { findTools } from "../toolchain/setup.ts";
import { main, UserError } from "./shared/cli.ts";

let child: ReturnType<typeof spawn> | undefined;

await main(
  async () => {
    const root = checkoutRoot();
    const tools = await findTools(root);
    if (tools === undefined) throw new UserError("Pulumi is not on this machine yet: npm run setup");
    const env = await pulumiEnvironment(root);
    const started = spawn(join(tools.pulumiFolder, "pulumi"), process.argv.slice(2), { stdio: "inherit", env });
    child = started;
    return new Promise<number>((resolve, reject) => {
      started.on("error", (error) => reject(new UserError(`Pulumi could not be started: ${error.message}`)));
      started.on("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
    });
  },
  {
    onSignal: (signal) => {
      // Ctrl-C in a terminal reaches Pulumi by itself, and a second one would make it stop at once.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child?.kill(signal);
    },
  },
);
