import type { AccessoryKind } from "../settings/accessoryKinds.ts";
import { accessoryImage } from "./accessoryImages.ts";
import { baseImage } from "./baseImage.ts";
import { currentEngineNeed, currentHost } from "./currentEngine.ts";
import { engineNeed } from "./engine.ts";
import { imageNeed } from "./image.ts";
import type { Machine } from "./machine.ts";
import type { Need } from "./need.ts";
import { commandPluginNeed, dockerPluginNeed } from "./plugin.ts";
import { proxyImage } from "./proxyImage.ts";
import { pulumiNeed } from "./pulumi.ts";
import { resticImage } from "./resticImage.ts";

/** "classic" is the engine at DOCKER_HOST or the default socket; "current" is one that set-up builds and runs beside it. */
export type EngineKind = "classic" | "current";

/** Everything that Berth needs on a machine. The order is the one of the doctor's table; long builds come first. */
export const allNeeds = (machine: Machine, engine: EngineKind = "classic"): readonly Need[] => {
  const [itself, ...images] = engineNeeds(machine, engine);
  return [...(itself ? [itself] : []), ...toolNeeds(machine), ...images];
};

/** What every command needs, whatever engine its stack is on. */
export const toolNeeds = (machine: Machine): readonly Need[] => [
  pulumiNeed(machine),
  dockerPluginNeed(machine),
  commandPluginNeed(machine),
];

/** An engine with the images that a change of a stack needs on it. */
export function engineNeeds(machine: Machine, engine: EngineKind = "classic"): readonly Need[] {
  const host = engine === "classic" ? machine.dockerHost : currentHost(machine);
  return [
    engine === "classic" ? engineNeed(machine) : currentEngineNeed(machine),
    imageNeed(machine, proxyImage(machine), host),
    imageNeed(machine, baseImage(machine), host),
  ];
}

/** What only a stack with backups needs: its commands ask for it, the first set-up does not. */
export const backupNeeds = (machine: Machine): readonly Need[] => [imageNeed(machine, resticImage(machine), machine.dockerHost)];

/**
 * What only a stack with such an accessory needs: an update asks for it, the first set-up does not.
 * @param tag default: the version that Debian has
 */
export const accessoryNeed = (machine: Machine, kind: AccessoryKind, tag?: string): Need =>
  imageNeed(machine, accessoryImage(machine, kind, tag), machine.dockerHost);
