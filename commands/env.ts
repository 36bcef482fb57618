/** Prints the shell lines that put Pulumi, with the backend Berth uses, into a person's shell: eval "$(npm run -s env)" */
import { delimiter } from "node:path";
import { Command } from "commander";
import { resolveAddress, tlsVariables } from "../docker/address.ts";
import { pulumiVariables } from "../toolchain/environment.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { main } from "./shared/cli.ts";

const options = new Command("env")
  .description('Prints shell lines for plain pulumi commands: eval "$(npm run -s env)"')
  .option("--json", "print the variables for machines")
  .parse()
  .opts<{ json?: true }>();

await main(
  async () => {
    const { folders, variables: pulumis } = await pulumiVariables(checkoutRoot());
    const variables = { ...pulumis, ...engineVariables() };
    if (options.json) {
      console.log(JSON.stringify({ path: folders, ...variables }, undefined, 2));
      return;
    }
    console.log(`export PATH=${quote(folders.join(delimiter))}${delimiter}"$PATH"`);
    for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${quote(value ?? "")}`);
  },
  { onlyReads: true },
);

/** Pulumi's provider knows no Docker contexts: the engine of the selected one goes by its address. */
function engineVariables(): Record<string, string> {
  const address = resolveAddress({ env: process.env });
  return address.from.startsWith("Docker context") ? { DOCKER_HOST: address.host, ...tlsVariables(address) } : {};
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
