/** What this machine must offer before anything is created: the files, the engine, the ports, an earlier image. */
import { createServer } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { containerName } from "../components/accessory.ts";
import { isLocal, resolveAddress } from "../docker/address.ts";
import { API } from "../docker/client.ts";
import { EngineError } from "../docker/engineError.ts";
import { drillProblems, readRecordLabels, RECORD_LABEL } from "../engine/backupRecord.ts";
import { findContainer, listContainers, nameOf } from "../engine/containers.ts";
import { chooseEngine, engine, engineInfo, engineVersion } from "../engine/engine.ts";
import { statIn } from "../engine/files.ts";
import { RECORD_FILE } from "../engine/gatewayWords.ts";
import { findReleaseImage } from "../engine/images.ts";
import { partIs, LABEL, ownedBy, type Owner } from "../release/labels.ts";
import { listVolumes } from "../engine/volumes.ts";
import type { Release } from "../release/ledger.ts";
import { quoted } from "../settings/commands.ts";
import { readEngineHost, type Settings } from "../settings/settings.ts";
import type { Chosen } from "../source/chosen.ts";
import { MARK } from "../stack/processes.ts";
import { isAtLeast } from "../toolchain/semver.ts";
import { lookAtBinds } from "./binds.ts";
import { findNetworkProblem } from "./networks.ts";
import { findVolumeProblems } from "./volumes.ts";

/**
 * Has the program and its steps work on the engine that Pulumi's provider works on.
 * @throws RunError where a Docker context is selected, which the provider does not know
 */
function choose(): void {
  const address = inWords(() => resolveAddress({ configured: readEngineHost(), env: process.env }));
  if (address.from.startsWith("Docker context"))
    fail(
      `${address.from} is selected, which Pulumi's provider does not know, and it would work on another engine: export DOCKER_HOST=${address.host}, or run: npm run up (nothing was changed)`,
    );
  inWords(() => chooseEngine(address));
}

function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return fail((error as Error).message);
  }
}

/** What the program has to know of the engine's host. */
export interface Host {
  /** Hashes of the files that are bound, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  readonly processors: number;
  /** For releases that are not built: what stands for their image where that is gone, by the image's id. */
  readonly images: ReadonlyMap<string, string>;
}

/** Asks the engine before the program declares anything. @throws RunError with one line for each thing that is wrong. */
export async function checkEngine(
  owner: Owner,
  settings: Settings,
  release: Release,
  built: boolean,
  live?: Release,
  tried?: Chosen,
): Promise<Host> {
  choose();
  try {
    return await check(owner, settings, release, built, live, tried);
  } catch (error) {
    if (error instanceof EngineError) return fail(`${error.message} (nothing was changed)`);
    throw error;
  }
}

async function check(owner: Owner, settings: Settings, release: Release, built: boolean, live?: Release, tried?: Chosen): Promise<Host> {
  const { host } = engine().address;
  if (built && host.startsWith("ssh:"))
    fail(
      `the Docker engine at ${host} cannot be built on, for Docker's provider sends no build over ssh: forward its socket, with: ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock ${host.slice("ssh://".length)}, and set DOCKER_HOST=unix:///tmp/engine.sock (nothing was changed)`,
    );
  await checkVersion();
  const [{ NCPU: processors }, images, ...answers] = await Promise.all([
    engineInfo(),
    findImages(owner, [...(built ? [] : [release]), ...(tried && !tried.build ? [tried.release] : [])]),
    live ? undefined : findLostState(owner),
    live ? undefined : findNetworkProblem(owner, !pulumi.runtime.isDryRun()),
    findPortProblem(owner, settings, "port"),
    settings.tls ? findPortProblem(owner, settings, "httpsPort") : undefined,
    ...settings.accessories.map(({ name }, index) => findNameProblem(owner, name, index)),
  ]);
  const volumes = await findVolumeProblems(owner, settings, release, live);
  const binds = await lookAtBinds(owner, [release, ...(tried ? [tried.release] : [])]);
  const drills = built && live && live.name !== release.name ? await findDrillProblems(owner, settings) : [];
  const tooMany = findProcessorProblems(processors, release, settings);
  const problems = [
    ...new Set(
      [...answers, ...images.problems, ...tooMany, ...volumes, ...binds.problems, ...drills].filter((problem) => problem !== undefined),
    ),
  ];
  if (problems.length === 1) fail(`${problems[0]} (nothing was changed)`);
  if (problems.length > 1)
    fail(`${problems.length} problems on this machine; nothing was changed:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  return { files: binds.hashes, processors, images: images.found };
}

async function checkVersion(): Promise<void> {
  const { ApiVersion: api } = await engineVersion();
  if (!isEnough(api))
    fail(`the Docker engine at ${engine().address.host} speaks API ${api}, Berth needs ${API} (Docker Engine 20.10) or later: upgrade it`);
}

/** Whether an engine speaks all that Berth uses. Versions are compared by number: 1.9 is older than 1.41. Pure. */
export const isEnough = (api: string): boolean => isAtLeast(api, API);

/**
 * What has gone live left a record in its gateway: where Pulumi knows of no release, its own is lost. The commands look at that one
 * themselves, and end what was cut off before it was written.
 */
async function findLostState(owner: Owner): Promise<string | undefined> {
  if (process.env[MARK]) return undefined;
  const [gateway] = await listContainers(ownedBy(owner, partIs("gateway")));
  const lost = gateway !== undefined && (await statIn(gateway.Id, RECORD_FILE)) !== undefined;
  return lost
    ? `the engine runs stack ${owner.stack}, and Pulumi knows of no release of it: its state was lost, or another checkout runs it. See docs/guides/lost-state.md, and npm run adopt`
    : undefined;
}

async function findPortProblem(owner: Owner, settings: Settings, key: "port" | "httpsPort"): Promise<string | undefined> {
  const port = settings[key];
  const holders = await listContainers({ publish: [String(port)] });
  if (holders.some((holder) => isOurs(holder, owner))) return undefined; // our own gateway
  const [holder] = holders;
  if (holder) {
    const { [LABEL.project]: project, [LABEL.stack]: stack } = holder.Labels;
    return portTaken(key, port, `container ${nameOf(holder)}${stack ? ` of stack ${project}/${stack}` : ""}`);
  }
  const obstacle = isLocal(engine().address) ? await findObstacle(port, settings.bindAddress) : undefined;
  if (obstacle === "EADDRINUSE") return portTaken(key, port, "another program");
  if (obstacle === "EADDRNOTAVAIL")
    return `berth:bindAddress is ${settings.bindAddress}, which is no address of this machine: take one of its own, or 0.0.0.0 for all, with: pulumi config set berth:bindAddress <address>`;
  return undefined;
}

const portTaken = (key: string, port: number, by: string) =>
  `berth:${key} is ${port}, but ${by} holds that port: stop it, or take another with: pulumi config set berth:${key} <port>`;

/** Why this machine does not let a program listen there; undefined where it does, or only the engine may. */
const findObstacle = (port: number, host: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });

/** The engine refuses a container that may use more processors than its host has. An accessory's default is what a replica has. */
function findProcessorProblems(processors: number, { settings: { resources } }: Release, { accessories }: Settings): string[] {
  const wanted = [
    { key: "berth:resources.cpus", cpus: resources.cpus },
    ...accessories.map(({ resources: { cpus } }, index) => ({ key: `berth:accessories[${index}].resources.cpus`, cpus })),
  ].filter(({ cpus }, index) => cpus > processors && (index === 0 || cpus !== resources.cpus));
  return wanted.map(
    ({ key, cpus }) => `${key} is ${cpus}, and the engine's host has ${processors}: pulumi config set --path ${quoted(key)} ${processors}`,
  );
}

const isOurs = ({ Labels }: { readonly Labels: Readonly<Record<string, string>> }, { project, stack }: Owner): boolean =>
  Labels[LABEL.project] === project && Labels[LABEL.stack] === stack;

/** Looks for the images of releases that are not built. @throws EngineError */
async function findImages(owner: Owner, releases: readonly Release[]) {
  const found = new Map<string, string>();
  const problems: string[] = [];
  for (const release of releases) {
    const { name, image = "" } = release;
    const { Id } = (await findReleaseImage(owner, release)) ?? {};
    if (Id !== undefined) found.set(image, Id);
    else
      problems.push(
        `release ${name} cannot be brought back: its image is no longer on the engine. Choose another with npm run releases, or build again: pulumi config rm berth:release`,
      );
  }
  return { found, problems };
}

/** A container that is not this stack's must not have the name of an accessory. */
async function findNameProblem(owner: Owner, accessory: string, index: number): Promise<string | undefined> {
  const name = containerName(owner, accessory);
  const holder = await findContainer(name);
  if (!holder || isOurs(holder.Config, owner)) return undefined;
  return `a container that is not this stack's is called ${name}, as the accessory ${accessory} would be: rename it, or give the accessory another name with: pulumi config set --path 'berth:accessories[${index}].name' <name>`;
}

/** The first release of a stack has nothing to lose, and one that is brought back is no new one. */
async function findDrillProblems(owner: Owner, { backups, volumeBackups }: Settings): Promise<string[]> {
  if (backups?.maxDrillAge === undefined) return [];
  const records = (await listVolumes(ownedBy(owner, RECORD_LABEL))).flatMap(({ Labels }) => Labels?.[RECORD_LABEL] ?? []);
  return drillProblems(backups, volumeBackups, readRecordLabels(records), new Date());
}

function fail(message: string): never {
  throw new pulumi.RunError(message);
}
