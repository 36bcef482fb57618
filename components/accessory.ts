import { local } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AccessorySettings } from "../settings/settings.ts";
import { ACCESSORIES, ACCESSORY_USER, accessoryImage } from "../settings/accessoryKinds.ts";
import { canonicalJson } from "../release/canonicalJson.ts";
import { hardened, limitPids, REPLACE_ON_CHANGES } from "./hardening.ts";
import { derived } from "../release/keyed.ts";
import { tmpfsMount, volumeMount } from "./mounts.ts";
import { labelList, labels, type Owner, stem } from "../release/labels.ts";
import { stepArgs, stepCommand } from "./step.ts";

export interface AccessoryArgs {
  readonly owner: Owner;
  readonly settings: AccessorySettings;
  /** The stack's key, of which the password is made. */
  readonly key: pulumi.Output<string>;
  /** Network of the app. */
  readonly network: pulumi.Input<string>;
  /** The engine's name of its data volume. */
  readonly volume: pulumi.Input<string>;
}

export const DEFAULTS = {
  /** Seconds until it must serve: after a crash it reads its log first. */
  deadline: 120,
  /** Seconds from the request to stop until it is killed. */
  grace: 60,
  /** Weight when processors are short: between the gateway's and a replica's. */
  cpuShares: 768,
} as const;

/** A stateful neighbour of the app. It belongs to the stack and not to a release, so no release touches it. */
export class Accessory extends pulumi.ComponentResource {
  /** Name in the configuration. */
  readonly accessory: string;
  /** URL with user and password, for the app; a secret. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: AccessoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Accessory", name, {}, opts);
    const { owner, settings, key } = args;
    const facts = ACCESSORIES[settings.kind];
    const own = { parent: this };
    const password = key.apply((known) => derived(known, `accessory/${settings.name}/password`));
    const image = new docker.RemoteImage(
      `${name}-image`,
      { name: accessoryImage(settings.kind, settings.version), keepLocally: true },
      own,
    );
    const files = new local.Command(
      `${name}-files`,
      {
        ...stepArgs("secrets", { owner, process: settings.name, uid: ACCESSORY_USER }),
        stdin: pulumi.secret(
          password.apply((known) =>
            canonicalJson(
              Object.fromEntries(
                Object.entries(facts.files(known)).map(([file, text]) => [file, { base64: Buffer.from(text).toString("base64") }]),
              ),
            ),
          ),
        ),
        delete: stepCommand("dropVolume"),
      },
      { ...own, ignoreChanges: ["delete"] }, // see SecretFiles
    );
    const container = new docker.Container(`${name}-container`, accessoryArgs(args, image.imageId, files.stdout), {
      ...own,
      deleteBeforeReplace: true, // the data have one writer
      replaceOnChanges: REPLACE_ON_CHANGES,
    });
    const pids = limitPids(`${name}-pids`, [container.name], settings.resources.pids, own);
    new local.Command(
      `${name}-ready`,
      stepArgs("ready", {
        accessory: settings.name,
        container: containerName(owner, settings.name),
        id: container.id,
        check: [...facts.check],
        deadline: DEFAULTS.deadline,
      }),
      { ...own, dependsOn: pids },
    );
    this.accessory = settings.name;
    this.url = pulumi.secret(password.apply((known) => facts.url(settings.name, known)));
    this.registerOutputs({});
  }
}

/** Fixed, so that the engine itself refuses a second container on the same data. */
export const containerName = (owner: Owner, accessory: string): string => `${stem(owner)}-${accessory}`;

export function accessoryArgs(
  { owner, settings, network, volume }: AccessoryArgs,
  image: pulumi.Input<string>,
  secrets: pulumi.Input<string>,
): docker.ContainerArgs {
  const { name, kind, resources } = settings;
  const { container, target, check } = ACCESSORIES[kind];
  const base = hardened({ memory: resources.memory, cpus: resources.cpus, cpuShares: DEFAULTS.cpuShares });
  return {
    ...base,
    ...container,
    tmpfs: { ...base.tmpfs, ...Object.fromEntries(Object.entries(container.tmpfs).map(([path, size]) => [path, tmpfsMount(size)])) },
    name: containerName(owner, name),
    image,
    user: `${ACCESSORY_USER}:${ACCESSORY_USER}`,
    labels: labelList(labels(owner, "accessory", { "berth.accessory": name })),
    mounts: [
      volumeMount(volume, target),
      volumeMount(secrets, "/run/secrets", { readOnly: true }),
      ...(kind === "postgres" ? [volumeMount(secrets, "/docker-entrypoint-initdb.d", { readOnly: true })] : []),
    ],
    networksAdvanced: [{ name: network, aliases: [name] }],
    healthcheck: { tests: ["CMD", ...check], interval: "10s", timeout: "5s", retries: 3, startPeriod: "1m0s" },
    destroyGraceSeconds: DEFAULTS.grace,
  };
}
