/** Says what is live, where, and how its containers are. Exit code 1 where something is not as it should be. */
import Table from "cli-table3";
import { Command } from "commander";
import { describeRecord, readRecords } from "./backups/records.ts";
import { main, paint } from "./shared/cli.ts";
import { containersOf, type ContainerState, docker, openEngine } from "./shared/docker.ts";
import { openPulumi } from "./shared/pulumiCli.ts";
import { rollbackReady } from "./view/rollbackReady.ts";
import { openStack } from "./shared/stack.ts";
import { volumeSizes } from "./view/volumeSizes.ts";

const options = new Command("status")
  .description("Says what is live, where, and how its containers are.")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print it for machines")
  .parse()
  .opts<{ stack?: string; json?: true }>();

const isWell = ({ state, health }: ContainerState) => state === "running" && health !== "unhealthy";

await main(async () => {
  const pulumi = await openPulumi();
  const { stack, outputs } = await openStack(pulumi, options.stack);
  const { url, release, replicas, strategy, accessories = {} } = outputs;
  const hasImage = (id: string) => docker("image", "inspect", "--format", "{{.Id}}", id).then(() => true, () => false);
  const owner = await openEngine(pulumi.root, stack);
  const [all, rollback, sizes, backups] = await Promise.all([containersOf(owner), rollbackReady(outputs, hasImage), volumeSizes(), readRecords(owner)]);
  const containers = all.filter(({ part }) => !["helper", "snapshot", "backup"].includes(part)); // a copy or a backup is at work, which says nothing of the app
  const volumes = outputs.volumes.map((volume) => ({ ...volume, size: sizes?.get(volume.name) ?? null }));
  const neighbours = Object.values(accessories).flatMap(({ container }) => container ?? []);
  const missing = [...replicas, ...neighbours].filter((name) => !containers.some((container) => container.name === name));
  const gateway = containers.some(({ part }) => part === "gateway");
  const well = missing.length === 0 && containers.every(isWell) && gateway;

  if (options.json) {
    console.log(JSON.stringify({ stack, url, release, strategy, well, containers, missing, gateway, volumes, accessories, backups, rollback }, undefined, 2));
    return well ? 0 : 1;
  }
  console.log(`${paint(well ? "green" : "red", well ? "well" : "not well")}: release ${paint("bold", release)} on stack ${stack}, ${url}`);
  const table = new Table({ head: ["container", "part", "release", "state", "health", "restarts", "since"], style: { head: [], border: [] } });
  for (const container of containers) {
    const { name, part, release: of, state, health, restarts, since } = container;
    table.push([name, part, of, state, health || "-", restarts, since].map((cell) => (isWell(container) ? String(cell) : paint("red", String(cell)))));
  }
  console.log(table.toString());
  for (const name of [...(gateway ? [] : ["the gateway, so nobody gets in"]), ...missing]) console.log(paint("red", `missing: ${name}; npm run up brings it back`));
  for (const { name, target, size } of volumes) console.log(`data at ${target}: volume ${name}, ${size ?? "size unknown"}`);
  for (const [name, { kind, version, container, volume }] of Object.entries(accessories)) console.log(`data of ${name} (${kind} ${version}${container ? "" : ", not in the configuration"}): volume ${volume}`);
  for (const record of backups) console.log(record.good ? describeRecord(record, Date.now()) : paint("yellow", describeRecord(record, Date.now())));
  console.log(`rollback ready: ${rollback.ready ? `yes, ${rollback.release}` : paint("yellow", `no, ${rollback.why}`)}`);
  return well ? 0 : 1;
}, { onlyReads: true });
