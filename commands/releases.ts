/** Lists the releases that can be brought back. */
import Table from "cli-table3";
import { Command } from "commander";
import { main, paint } from "./shared/cli.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { openStack } from "../stack/stack.ts";

const options = new Command("releases")
  .description("Lists the releases that went live, newest first.")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print them for machines")
  .parse()
  .opts<{ stack?: string; json?: true }>();

await main(
  async () => {
    const pulumi = await openPulumi();
    const { outputs } = await openStack(pulumi, options.stack);
    const { release: live, releases } = outputs;
    if (options.json) {
      console.log(JSON.stringify(releases, undefined, 2));
      return;
    }
    const table = new Table({ head: ["release", "live", "since", "commit", "by", "replicas", "image"], style: { head: [], border: [] } });
    for (const { name, time, commit, author, settings, image } of releases) {
      const row = [
        name,
        name === live ? "yes" : "",
        time.replace("T", " ").slice(0, 19),
        commit ?? "",
        author ?? "",
        settings.replicas,
        image?.slice(7, 19) ?? "",
      ];
      table.push(row.map((cell) => (name === live ? paint("bold", String(cell)) : String(cell))));
    }
    console.log(table.toString());
  },
  { onlyReads: true },
);
