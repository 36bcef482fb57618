/** Says what is found on this machine of all that Berth needs, and how to mend what is missing. */
import Table from "cli-table3";
import { Command } from "commander";
import { examine, type Finding, type State } from "../toolchain/doctor.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { main, paint } from "./shared/cli.ts";

const options = new Command("doctor")
  .description("Says what this machine has of all that Berth needs, and how to mend what is missing.")
  .option("--json", "print the findings for machines")
  .parse()
  .opts<{ json?: true }>();

await main(
  async () => {
    const findings = await examine(checkoutRoot());
    const missing = findings.filter((finding) => finding.state === "missing");
    if (options.json) console.log(JSON.stringify(findings, undefined, 2));
    else printTable(findings, missing.length);
    return missing.length > 0 ? 1 : 0;
  },
  { onlyReads: true },
);

function printTable(findings: readonly Finding[], missing: number): void {
  const table = new Table({
    head: ["need", "wanted", "found", "where, from", "state"],
    style: { head: [], border: [], compact: true },
  });
  for (const { need, wanted, found, place, from, state } of findings) {
    table.push([need, wanted, found || "-", [place, from].filter(Boolean).join("\n"), show(state)]);
  }
  console.log(table.toString());
  for (const { need, mend, state } of findings) {
    if (state !== "ok") console.log(`${show(state)} ${need}: ${mend.replaceAll("\n", "\n    ")}`);
  }
  console.log(missing === 0 ? "This machine has all that Berth needs." : `${missing} of ${findings.length} missing.`);
}

function show(state: State): string {
  const colours = { ok: "green", missing: "red", advice: "yellow" } as const;
  return paint(colours[state], state);
}
