import { baseImage } from "./baseImage.ts";
import { dockerCliNeed, engineNeed } from "./engine.ts";
import { imageNeed } from "./image.ts";
import type { Machine } from "./machine.ts";
import type { Need } from "./need.ts";
import { commandPluginNeed, dockerPluginNeed } from "./plugin.ts";
import { proxyImage } from "./proxyImage.ts";
import { pulumiNeed } from "./pulumi.ts";

/** Everything that Berth needs on a machine. The order is the one of the doctor's table; long builds come first. */
export function allNeeds(machine: Machine): readonly Need[] {
  return [
    engineNeed(machine),
    dockerCliNeed(),
    pulumiNeed(machine),
    dockerPluginNeed(machine),
    commandPluginNeed(machine),
    imageNeed(machine, proxyImage(machine)),
    imageNeed(machine, baseImage(machine)),
  ];
}
