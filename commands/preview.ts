/** Says what `up` would change. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main, paint } from "./shared/cli.ts";
import { describe } from "./view/driftRules.ts";
import { readEvents } from "../stack/events.ts";
import { changesOf } from "./summary/operations.ts";
import { dropPlan, keepPlan, startPlan } from "./plans/plan.ts";
import { pulumiCommand, refuseOtherStack, type SharedOptions, wordsFor } from "./shared/pulumiCommand.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { askHost } from "./summary/room.ts";
import { interruptedCode } from "../stack/signals.ts";
import { makeStack } from "../stack/stack.ts";
import { summarise } from "./summary/summary.ts";
import { summaryText } from "./summary/summaryText.ts";
import { refuseIfLost } from "./update/lostRecord.ts";
import { provideAccessoryImages } from "./update/accessoryImages.ts";
import { prepareEngine } from "./update/prepare.ts";
import { viewStack } from "./update/update.ts";

const command = pulumiCommand("preview", "look at", "Says what `npm run up` would change.")
  .option("--save", "keep this preview as a plan, which `npm run up -- --plan <id>` carries out as it is")
  .option("--json", "print the changes for machines")
  .parse();
const options = command.opts<SharedOptions & { save?: true; json?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    refuseOtherStack(command);
    const cli = (pulumi = await openPulumi());
    const stack = await makeStack(cli, options.stack);
    await prepareEngine(cli, stack);
    const view = await viewStack(cli, stack);
    refuseIfLost(stack, view);
    const { findings } = view;
    await provideAccessoryImages(cli.root, stack);
    const replace = [...new Set(findings.flatMap((finding) => finding.replace))]; // `up` makes them again, too
    const folder = await mkdtemp(join(tmpdir(), "berth-preview-"));
    const plan = options.save && (await startPlan(cli.root));
    let kept = false;
    try {
      const log = join(folder, "events");
      const words = [
        "preview",
        ...wordsFor(command, stack),
        ...replace.flatMap((urn) => ["--replace", urn]),
        ...(plan ? ["--save-plan", plan.file] : []),
      ];
      const json = options.json && (await cli.capture([...words, "--json", "--event-log", log]));
      if (json) process.stderr.write(json.errors);
      else await cli.change(words, log);
      if (json && json.code !== 0) {
        process.stdout.write(json.out);
        return interruptedCode() ?? json.code;
      }
      const changes = changesOf(stack, readEvents(await readFile(log, "utf8")));
      const summary = summarise(changes, await askHost(changes), findings.map(describe));
      if (plan) await keepPlan(cli, { id: plan.id, stack, replace });
      kept = true;
      if (json)
        console.log(
          JSON.stringify({ ...(JSON.parse(json.out) as object), summary: { ...summary, plan: plan ? plan.id : null } }, undefined, 4),
        );
      else console.log(`${plan ? "\n" : ""}${summaryText(summary)}`); // Pulumi has told of the plan just before
      if (plan && !json)
        console.log(`\nThis preview is kept as plan ${plan.id}. To do exactly this: ${paint("bold", `npm run up -- --plan ${plan.id}`)}`);
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
      if (plan && !kept) await dropPlan(cli.root, plan.id);
    }
  },
  { onSignal: () => pulumi?.interrupt(), onlyReads: true },
);
