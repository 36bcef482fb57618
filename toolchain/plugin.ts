import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey, makeEntry, withLock } from "./cache.ts";
import { downloadAndUnpack, siteObstacle } from "./download.ts";
import { BUILD_KEY_FILE, buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import { goPlatform, type Machine } from "./machine.ts";
import type { Found, Need, Report } from "./need.ts";
import { findPulumi } from "./pulumi.ts";
import { run } from "./run.ts";
import { VERSIONS } from "./versions.ts";

/** The plugin behind @pulumi/docker. */
export function dockerPluginNeed(machine: Machine): Need {
  const program = { name: "pulumi-resource-docker", package: ".", typicalSeconds: 165 };
  return pluginNeed(machine, "docker", VERSIONS.dockerPlugin, program);
}

/** The plugin behind @pulumi/command. */
export function commandPluginNeed(machine: Machine): Need {
  const program = { name: "pulumi-resource-command", package: ".", typicalSeconds: 50 };
  return pluginNeed(machine, "command", VERSIONS.commandPlugin, program);
}

function pluginNeed(machine: Machine, name: string, version: string, program: GoProgram): Need {
  const { os, arch } = goPlatform();
  const url = `${machine.sites.plugins}/pulumi-resource-${name}-v${version}-${os}-${arch}.tar.gz`;
  return {
    name: `plugin ${name}`,
    wanted: version,
    look: () => findPlugin(machine, name, version, program),
    byHand: `Run: pulumi plugin install resource ${name} ${version}`,
    sources: [
      {
        from: "official download",
        typicalSeconds: 20,
        obstacle: () => siteObstacle(url),
        get: async (report, waitFor) => {
          const key = cacheKey(url);
          const entry = await makeEntry(machine.cache, `${program.name}-official`, key, (folder) =>
            downloadAndUnpack(url, folder, undefined, report),
          );
          await waitFor("pulumi");
          await install(machine, name, version, entry, report).catch(async (error: unknown) => {
            await rm(entry, { recursive: true, force: true }); // so that the next run downloads it again
            throw error;
          });
        },
      },
      {
        from: "built from Go modules",
        typicalSeconds: program.typicalSeconds,
        obstacle: () => goObstacle(machine.cache),
        get: async (report, waitFor) => {
          const entry = await buildProgram(machine.root, machine.cache, program, report);
          await waitFor("pulumi");
          await install(machine, name, version, entry, report);
        },
      },
    ],
  };
}

/** Where Pulumi keeps a plugin. */
function pluginFolder(machine: Machine, name: string, version: string): string {
  return join(machine.pulumiHome, "plugins", `resource-${name}-v${version}`);
}

async function findPlugin(machine: Machine, name: string, version: string, program: GoProgram): Promise<Found | undefined> {
  const folder = pluginFolder(machine, name, version);
  // Pulumi marks an installation that was cut off with a file of this name.
  if (!existsSync(join(folder, program.name)) || existsSync(`${folder}.partial`)) return undefined;
  const built = await readFile(join(folder, BUILD_KEY_FILE), "utf8").catch(() => undefined);
  if (built === undefined) return { version, place: folder, from: "already on this machine" };
  // One that was built here from other sources than this checkout's is replaced.
  if (built !== (await programKey(machine.root, program))) return undefined;
  return { version, place: folder, from: "built from Go modules" };
}

async function install(machine: Machine, name: string, version: string, entry: string, report: Report): Promise<void> {
  const pulumi = await findPulumi(machine);
  if (pulumi === undefined) throw new Error("the Pulumi CLI that installs it is missing");
  report("installing");
  const env = { ...process.env, PULUMI_HOME: machine.pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const args = ["plugin", "install", "resource", name, version, "--file", entry, "--reinstall", "--non-interactive"];
  await withLock(
    machine.cache,
    `install-${name}`,
    () => {},
    () => run(join(pulumi.place, "pulumi"), args, { env }),
  );
}
