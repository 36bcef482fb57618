import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheKey, entryFolder, makeEntry } from "./cache.ts";
import { downloadAndUnpack, publishedChecksum, siteObstacle } from "./download.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import { goPlatform, type Machine } from "./machine.ts";
import type { Found, Need, Source } from "./need.ts";
import { findOnPath } from "./path.ts";
import { run } from "./run.ts";
import { isAtLeast, major } from "./semver.ts";
import { VERSIONS } from "./versions.ts";

const CLI: GoProgram = {
  name: "pulumi",
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${VERSIONS.pulumi}` },
  typicalSeconds: 260,
};
const LANGUAGE_HOST: GoProgram = {
  name: "pulumi-language-nodejs",
  package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  typicalSeconds: 30,
};

/** The Pulumi CLI and its language host for Node, in one folder. `Found.place` is that folder. */
export function pulumiNeed(machine: Machine): Need {
  return {
    name: "pulumi",
    wanted: VERSIONS.pulumi,
    look: () => findPulumi(machine),
    byHand: `Install the Pulumi CLI ${VERSIONS.pulumi} (or a later v3) and put it on PATH.`,
    sources: [officialCli(machine), builtCli(machine)],
  };
}

/** Finds the CLI: on PATH, else downloaded, else built. */
export async function findPulumi(machine: Machine): Promise<Found | undefined> {
  return (await findOnMachine(machine)) ?? (await findDownloaded(machine)) ?? (await findBuiltCli(machine));
}

async function findOnMachine(machine: Machine): Promise<Found | undefined> {
  const cli = findOnPath("pulumi", process.env.PATH);
  // One that set-up has put into the cache, and `npm run env` on PATH, is found there.
  if (cli === undefined || cli.startsWith(machine.cache)) return undefined;
  const folder = dirname(cli);
  const host = findOnPath("pulumi-language-nodejs", `${folder}:${process.env.PATH ?? ""}`);
  const version = await versionOf(machine, cli);
  const fits = major(version) === major(VERSIONS.pulumi) && isAtLeast(version, VERSIONS.pulumi);
  return fits && host !== undefined ? { version, place: folder, from: "already on this machine" } : undefined;
}

/** Asks a CLI for its version; the answer is kept as long as the file stays the same, since it takes a while. */
async function versionOf(machine: Machine, cli: string): Promise<string> {
  const { size, mtimeMs } = await stat(cli);
  const note = join(machine.cache, "seen", cacheKey(cli, String(size), String(mtimeMs)));
  const seen = await readFile(note, "utf8").catch(() => undefined);
  if (seen !== undefined) return seen;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const version = (await run(cli, ["version"], { env, timeoutSeconds: 20 }).catch(() => "")).trim().replace(/^v/, "");
  await mkdir(dirname(note), { recursive: true });
  const whole = `${note}.${randomBytes(6).toString("hex")}`;
  await writeFile(whole, version);
  await rename(whole, note);
  return version;
}

async function findDownloaded(machine: Machine): Promise<Found | undefined> {
  const folder = join(downloadedEntry(machine), "pulumi");
  return existsSync(folder) ? { version: VERSIONS.pulumi, place: folder, from: "official download" } : undefined;
}

function downloadedEntry(machine: Machine): string {
  return entryFolder(machine.cache, "pulumi-official", VERSIONS.pulumi);
}

function officialCli(machine: Machine): Source {
  const { os, arch } = goPlatform();
  const name = `pulumi-v${VERSIONS.pulumi}-${os}-${arch === "amd64" ? "x64" : arch}.tar.gz`;
  const url = `${machine.sites.pulumi}/${name}`;
  return {
    from: "official download",
    typicalSeconds: 20,
    obstacle: () => siteObstacle(url),
    get: async (report) => {
      await makeEntry(machine.cache, "pulumi-official", VERSIONS.pulumi, async (folder) => {
        const list = `${machine.sites.pulumi}/pulumi-${VERSIONS.pulumi}-checksums.txt`;
        await downloadAndUnpack(url, folder, await publishedChecksum(list, name), report);
        for (const program of ["pulumi", "pulumi-language-nodejs"]) {
          if (!existsSync(join(folder, "pulumi", program))) throw new Error(`${url} holds no pulumi/${program}`);
        }
      });
    },
  };
}

async function findBuiltCli(machine: Machine): Promise<Found | undefined> {
  const folder = await builtEntry(machine);
  const from = "built from Go modules";
  return existsSync(folder) ? { version: VERSIONS.pulumi, place: folder, from } : undefined;
}

/** Pulumi looks for the language host beside itself, so both built programs are put into one folder. */
async function builtEntry(machine: Machine): Promise<string> {
  return entryFolder(machine.cache, "pulumi-built", await builtKey(machine));
}

async function builtKey(machine: Machine): Promise<string> {
  return cacheKey(await programKey(machine.root, CLI), await programKey(machine.root, LANGUAGE_HOST));
}

function builtCli(machine: Machine): Source {
  return {
    from: "built from Go modules",
    typicalSeconds: CLI.typicalSeconds + LANGUAGE_HOST.typicalSeconds,
    obstacle: () => goObstacle(machine.cache),
    get: async (report) => {
      const build = (program: GoProgram) => buildProgram(machine.root, machine.cache, program, report);
      const [cli, host] = await Promise.all([build(CLI), build(LANGUAGE_HOST)]);
      await makeEntry(machine.cache, "pulumi-built", await builtKey(machine), async (folder) => {
        await link(join(cli, CLI.name), join(folder, CLI.name));
        await link(join(host, LANGUAGE_HOST.name), join(folder, LANGUAGE_HOST.name));
      });
    },
  };
}
