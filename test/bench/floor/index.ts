/**
 * One resource of each plugin, so that both start: an image that is there, and a command that runs `true` where `change` is another one.
 */
import * as docker from "@pulumi/docker";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { IMAGES } from "../../../toolchain/versions.ts";

new docker.RemoteImage("image", { name: IMAGES.proxy, keepLocally: true });
new local.Command("command", { create: "true", environment: { CHANGE: new pulumi.Config().require("change") } });
