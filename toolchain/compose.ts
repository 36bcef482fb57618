/** Docker Compose and buildx, its builder: only the bench needs them, and runs them beside Berth. Set-up asks for neither. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { entryFolder } from "./cache.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { Machine } from "./machine.ts";
import type { Need } from "./need.ts";
import { VERSIONS } from "./versions.ts";

const COMPOSE: GoProgram = {
  name: "docker-compose",
  package: "github.com/docker/compose/v5/cmd",
  variables: { "github.com/docker/compose/v5/internal.Version": `v${VERSIONS.compose}` },
  typicalSeconds: 60,
};
const BUILDX: GoProgram = {
  name: "docker-buildx",
  package: "github.com/docker/buildx/cmd/buildx",
  variables: { "github.com/docker/buildx/version.Version": `v${VERSIONS.buildx}` },
  typicalSeconds: 75,
};

/** What only the bench needs. Nothing of it is installed: both stay in the cache. */
export const composeNeeds = (machine: Machine): readonly Need[] => [
  programNeed(machine, COMPOSE, VERSIONS.compose),
  programNeed(machine, BUILDX, VERSIONS.buildx),
];

/** The files of the two programs, whether they are there or not. */
export async function composePrograms(machine: Machine): Promise<{ readonly compose: string; readonly buildx: string }> {
  return { compose: await placeOf(machine, COMPOSE), buildx: await placeOf(machine, BUILDX) };
}

const placeOf = async ({ root, cache }: Machine, program: GoProgram): Promise<string> =>
  join(entryFolder(cache, program.name, await programKey(root, program)), program.name);

function programNeed(machine: Machine, program: GoProgram, version: string): Need {
  const from = "built from Go modules";
  return {
    name: program.name,
    wanted: version,
    look: async () => {
      const place = await placeOf(machine, program);
      return existsSync(place) ? { version, place, from } : undefined;
    },
    byHand: `Put a Go on PATH that builds it: it is toolchain/go/${program.name}.`,
    sources: [
      {
        from,
        typicalSeconds: program.typicalSeconds,
        obstacle: () => goObstacle(machine.cache),
        get: async (report) => void (await buildProgram(machine.root, machine.cache, program, report)),
      },
    ],
  };
}
