/**
 * One resource of each plugin, so that both start: an image that is there, and a command that runs `true` where `change` is another one.
 * With `replicas`, so many containers of the app besides, with the limits of the other sides, which are new ones where `change` is another.
 */
import * as docker from "@pulumi/docker";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { IMAGES } from "../../../toolchain/versions.ts";

const config = new pulumi.Config();
const change = config.require("change");
new docker.RemoteImage("image", { name: IMAGES.proxy, keepLocally: true });
new local.Command("command", { create: "true", environment: { CHANGE: change } });

for (let number = 1; number <= (config.getNumber("replicas") ?? 0); number++)
  new docker.Container(
    `web-${number}`,
    {
      image: config.require("app"),
      envs: ["PORT=8080", `CHANGE=${change}`],
      cpus: "1.0",
      memory: 512,
      memorySwap: 512,
      readOnly: true,
      tmpfs: { "/tmp": "size=64m" },
      init: true,
      healthcheck: { tests: ["NONE"] }, // between two measurements they keep still
      labels: [{ label: "berth.stack", value: pulumi.getStack() }],
      destroyGraceSeconds: 30,
    },
    { deleteBeforeReplace: false },
  );
