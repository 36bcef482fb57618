/** What every container keeps to, each for itself (CIS Docker Benchmark, chapter 5, and the provider's own traps). */
import { REPLACE_ON_CHANGES } from "../../components/hardening.ts";
import { CONTAINER, each, list, type Rule } from "./rule.ts";

const SENSITIVE =
  /^\/(bin|boot|dev|etc|lib|lib64|proc|root|sbin|sys|usr)?(\/|$)|^\/(var\/)?run\/?$|^\/var(\/lib)?\/?$|^\/var\/lib\/(docker|containerd)(\/|$)|\/(docker|containerd)\.sock$/;

interface Mount {
  readonly type: string;
  readonly source?: string;
  readonly volumeOptions?: unknown;
}
const mountsOf = (inputs: Readonly<Record<string, unknown>>) => list(inputs["mounts"]) as Mount[];

export const containerRules: readonly Rule[] = [
  each(CONTAINER, {
    name: "every capability is dropped and none added",
    why: "A process needs none to serve HTTP above port 1024",
    fix: 'capabilities: { drops: ["ALL"] }',
    holds: ({ inputs }) => {
      const { drops, adds } = (inputs["capabilities"] ?? {}) as { drops?: unknown; adds?: unknown };
      return list(drops).includes("ALL") && list(adds).length === 0;
    },
  }),
  each(CONTAINER, {
    name: "no process gains privileges",
    why: "A setuid program would make its user root",
    fix: 'securityOpts: ["no-new-privileges:true"], and nothing "unconfined"',
    holds: ({ inputs }) =>
      list(inputs["securityOpts"]).includes("no-new-privileges:true") &&
      !list(inputs["securityOpts"]).some((option) => String(option).includes("unconfined")),
  }),
  each(CONTAINER, {
    name: "it is not privileged",
    why: "A privileged container is root on its host",
    fix: "leave privileged out",
    holds: ({ inputs }) => !inputs["privileged"],
  }),
  each(CONTAINER, {
    name: "the root file system is read-only",
    why: "What is not written cannot be tampered with",
    fix: "readOnly: true",
    holds: ({ inputs }) => inputs["readOnly"] === true,
  }),
  each(CONTAINER, {
    name: "/tmp is in memory, limited, and runs no program",
    why: "It is the one folder that everyone may write",
    fix: 'tmpfs: { "/tmp": tmpfsMount(<mebibytes>) }',
    holds: ({ inputs }) => {
      const options = String((inputs["tmpfs"] as Record<string, string> | undefined)?.["/tmp"] ?? "").split(",");
      return (
        ["noexec", "nosuid", "nodev"].every((option) => options.includes(option)) && options.some((option) => /^size=\d+m$/.test(option))
      );
    },
  }),
  each(CONTAINER, {
    name: "memory is limited, without swap",
    why: "A leak must end in a restart, not in a slow host; and without memorySwap each refresh shows a difference",
    fix: "set memory and memorySwap to the same",
    holds: ({ inputs }) => Number(inputs["memory"]) > 0 && inputs["memorySwap"] === inputs["memory"],
  }),
  each(CONTAINER, {
    name: "processors are limited and weighed",
    why: "One app must not starve the gateway",
    fix: "set cpus, and cpuShares to other than 1024",
    holds: ({ inputs }) => parseFloat(String(inputs["cpus"])) > 0 && ![0, 1024].includes(Number(inputs["cpuShares"] ?? 0)),
  }),
  each(CONTAINER, {
    name: "it comes back by itself",
    why: "on-failure would leave it down after a restart of the engine",
    fix: 'restart: "unless-stopped"',
    holds: ({ inputs }) => inputs["restart"] === "unless-stopped",
  }),
  each(CONTAINER, {
    name: "its log is rotated",
    why: "A log without limit fills the disk",
    fix: 'logDriver: "json-file" with logOpts max-size and max-file',
    holds: ({ inputs }) => {
      const options = (inputs["logOpts"] ?? {}) as Record<string, string>;
      return inputs["logDriver"] === "json-file" && /^\d+[km]$/.test(options["max-size"] ?? "") && Number(options["max-file"]) > 0;
    },
  }),
  each(CONTAINER, {
    name: "an init reaps its processes and passes signals on",
    why: "An app as process 1 ignores SIGTERM unless it was made for it",
    fix: "init: true",
    holds: ({ inputs }) => inputs["init"] === true,
  }),
  each(CONTAINER, {
    name: "it runs as a user other than root, by number",
    why: "A name is looked up in the image, which may call root anything",
    fix: 'user: "<uid>:<gid>"',
    holds: ({ inputs }) => /^[1-9]\d*(:\d+)?$/.test(String(inputs["user"] ?? "")),
    except: {
      part: "gateway",
      because: "its image names its user, who owns the folder of its state; the end-to-end tests look at the running container",
    },
  }),
  each(CONTAINER, {
    name: "it shares no namespace with its host",
    why: "Network, processes, memory and users of the host are not its own",
    fix: 'ipcMode: "private", and no networkMode, pidMode or usernsMode',
    holds: ({ inputs }) =>
      inputs["ipcMode"] === "private" &&
      [inputs["networkMode"], inputs["pidMode"], inputs["usernsMode"]].every((mode) => mode === undefined),
  }),
  each(CONTAINER, {
    name: "it sees no device of its host",
    why: "A device is a way around every limit",
    fix: "leave devices and gpus out",
    holds: ({ inputs }) => list(inputs["devices"]).length === 0 && !inputs["gpus"],
  }),
  each(CONTAINER, {
    name: "it sees neither the engine's socket nor a folder that gives power over its host",
    why: "Whoever has them is root there",
    fix: "mount a folder of your own, or a volume",
    holds: ({ inputs }) =>
      mountsOf(inputs).every(({ type, source = "" }) => type !== "bind" || !SENSITIVE.test(source)) && list(inputs["volumes"]).length === 0,
  }),
  each(CONTAINER, {
    name: "it is on exactly one network, and that is its stack's own",
    why: "On the default bridge everyone reaches everyone",
    fix: "networksAdvanced: [{ name: network.name }]",
    holds: ({ inputs, dependsOn }) => list(inputs["networksAdvanced"]).length === 1 && dependsOn.some((name) => name.endsWith("-network")),
  }),
  each(CONTAINER, {
    name: "it has time to end well",
    why: "Without destroyGraceSeconds, in the state from the first day, the provider kills at once",
    fix: "destroyGraceSeconds: <seconds>",
    holds: ({ inputs }) => Number.isInteger(inputs["destroyGraceSeconds"]) && Number(inputs["destroyGraceSeconds"]) > 0,
  }),
  each(CONTAINER, {
    name: "the order of its replacement is said",
    why: "The provider's own default is to delete first, and a forced replacement turns it silently",
    fix: "deleteBeforeReplace: true or false",
    holds: ({ options }) => options.deleteBeforeReplace !== undefined,
  }),
  each(CONTAINER, {
    name: "what the provider cannot change in place replaces it",
    why: "It would report an update and change nothing",
    fix: "replaceOnChanges: REPLACE_ON_CHANGES",
    holds: ({ options }) => REPLACE_ON_CHANGES.every((input) => options.replaceOnChanges.includes(input)),
  }),
  each(CONTAINER, {
    name: "it runs an image by its id",
    why: "A tag can move, and nobody would notice",
    fix: "image: remoteImage.imageId",
    holds: ({ inputs }) => /^sha256:/.test(String(inputs["image"])),
  }),
  each(CONTAINER, {
    name: "it uses nothing that old engines refuse or the provider misreads",
    why: "volumeOptions and startInterval fail before Engine 26; uploads fail on a read-only root; a 60s health check reads back as 1m0s",
    fix: "leave them out, and write durations as Go does",
    holds: ({ inputs }) => {
      const check = (inputs["healthcheck"] ?? {}) as Record<string, unknown>;
      const times = [check["interval"], check["timeout"], check["startPeriod"]].filter((time) => time !== undefined);
      return (
        mountsOf(inputs).every(({ volumeOptions }) => !volumeOptions) &&
        !check["startInterval"] &&
        !inputs["uploads"] &&
        times.every((time) => /^(\d+m)?[1-5]?\ds$/.test(String(time)))
      );
    },
  }),
];
