/** Says what is live, where, and how its containers are. Exit code 1 where something is not as it should be. */
import Table from "cli-table3";
import { Command } from "commander";
import { describeRecord, readRecords } from "./backups/records.ts";
import { main, paint } from "./shared/cli.ts";
import { EngineError } from "../docker/engineError.ts";
import { findReleaseImage } from "../engine/images.ts";
import { openEngine } from "../engine/openEngine.ts";
import { containersOf, type ContainerState } from "../engine/stackContainers.ts";
import type { Release } from "../release/ledger.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { rollbackReady } from "./view/rollbackReady.ts";
import { openStack } from "../stack/stack.ts";
import { volumeSizes } from "../engine/volumeSizes.ts";

const options = new Command("status")
  .description("Says what is live, where, and how its containers are.")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print it for machines")
  .parse()
  .opts<{ stack?: string; json?: true }>();

/** What is at work for a while, a copy, a backup or an update, says nothing of the app. */
const PASSING: readonly string[] = ["helper", "snapshot", "backup", "lock"];

const isWell = ({ state, health }: ContainerState) => state === "running" && health !== "unhealthy";

await main(
  async () => {
    const pulumi = await openPulumi();
    const { stack, outputs } = await openStack(pulumi, options.stack);
    const { url, release, replicas, strategy, accessories = {} } = outputs;
    const owner = await openEngine(pulumi, stack);
    const hasImage = async (earlier: Release) => (await findReleaseImage(owner, earlier)) !== undefined;
    const [all, rollback, { sizes, why }, backups] = await Promise.all([
      containersOf(owner),
      rollbackReady(outputs, hasImage),
      sizesOrWhy(),
      readRecords(owner),
    ]);
    const containers = all.filter(({ part }) => !PASSING.includes(part));
    const volumes = outputs.volumes.map((volume) => ({ ...volume, size: sizes?.get(volume.name) ?? null }));
    const neighbours = Object.values(accessories).flatMap(({ container }) => container ?? []);
    const missing = [...replicas, ...neighbours].filter((name) => !containers.some((container) => container.name === name));
    const gateway = containers.some(({ part }) => part === "gateway");
    const well = missing.length === 0 && containers.every(isWell) && gateway;

    if (options.json) {
      console.log(
        JSON.stringify(
          { stack, url, release, strategy, well, containers, missing, gateway, volumes, accessories, backups, rollback },
          undefined,
          2,
        ),
      );
      return well ? 0 : 1;
    }
    console.log(
      `${paint(well ? "green" : "red", well ? "well" : "not well")}: release ${paint("bold", release)} on stack ${stack}, ${url}`,
    );
    const table = new Table({
      head: ["container", "part", "release", "state", "health", "restarts", "since"],
      style: { head: [], border: [] },
    });
    for (const container of containers) {
      const { name, part, release: of, state, health, restarts, since } = container;
      table.push(
        [name, part, of, state, health || "-", restarts, since].map((cell) =>
          isWell(container) ? String(cell) : paint("red", String(cell)),
        ),
      );
    }
    console.log(table.toString());
    for (const name of [...(gateway ? [] : ["the gateway, so nobody gets in"]), ...missing])
      console.log(paint("red", `missing: ${name}; npm run up brings it back`));
    for (const { name, target, size } of volumes) console.log(`data at ${target}: volume ${name}, ${size ?? `size unknown${why}`}`);
    for (const [name, { kind, version, container, volume }] of Object.entries(accessories))
      console.log(`data of ${name} (${kind} ${version}${container ? "" : ", not in the configuration"}): volume ${volume}`);
    for (const record of backups)
      console.log(record.good ? describeRecord(record, Date.now()) : paint("yellow", describeRecord(record, Date.now())));
    console.log(`rollback ready: ${rollback.ready ? `yes, ${rollback.release}` : paint("yellow", `no, ${rollback.why}`)}`);
    return well ? 0 : 1;
  },
  { onlyReads: true },
);

/** The volumes' sizes, or why they are not known: some engines refuse to count for two at once. */
async function sizesOrWhy(): Promise<{ readonly sizes?: ReadonlyMap<string, string> | undefined; readonly why: string }> {
  try {
    return { sizes: await volumeSizes(), why: "" };
  } catch (error) {
    if (error instanceof EngineError && error.failure === "refused") return { why: `: ${error.words}` };
    throw error;
  }
}
