import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "../release/canonicalJson.ts";
import type { Release } from "../release/ledger.ts";
import type { Owner } from "../release/labels.ts";
import type { ReplicasArgs } from "./replicas.ts";
import { allSecretsOf, secretsOf, type SecretValues } from "../release/secretValues.ts";
import { stepArgs, stepCommand } from "./step.ts";

export interface SecretFilesArgs {
  readonly owner: Owner;
  /** The process that reads them: part of the volume's name. */
  readonly process: string;
  readonly values: SecretValues;
  /** Keyed hash of each value. */
  readonly hashes: Readonly<Record<string, pulumi.Input<string>>>;
  /** User of the process, as `berth:user` has it. */
  readonly user: string;
}

/**
 * The secrets of one process as files in a volume that its containers mount read-only. The provider's `uploads` cannot
 * do it: they fail in a container with a read-only root file system. New values make a new volume, so that an old
 * container keeps its old values to the end.
 */
export class SecretFiles extends pulumi.ComponentResource {
  /** The engine's name of the volume, known once the files are in it. */
  readonly volumeName: pulumi.Output<string>;

  constructor(name: string, args: SecretFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:SecretFiles", name, {}, opts);
    const { owner, process, values, hashes, user } = args;
    const uid = readerOf(user);
    const files = new local.Command(
      `${name}-files`,
      {
        ...stepArgs("secrets", { owner, process, uid }),
        stdin: pulumi.secret(
          pulumi
            .output(Object.fromEntries(Object.entries(values).map(([secret, { base64, program }]) => [secret, program ?? { base64 }])))
            .apply(canonicalJson),
        ),
        triggers: [pulumi.output({ uid, ...hashes }).apply(canonicalJson)],
        delete: stepCommand("dropVolume"),
      },
      {
        parent: this,
        deleteBeforeReplace: false,
        // A stack of before goes on with its own words: with others, the volume's name would not be known in a preview
        ignoreChanges: ["delete"],
      },
    );
    this.volumeName = files.stdout;
    this.registerOutputs({ volumeName: this.volumeName });
  }
}

export interface MountedSecretsArgs {
  readonly owner: Owner;
  readonly release: Release;
  readonly values: SecretValues;
  /** Keyed hash of each value. */
  readonly hashes: Readonly<Record<string, pulumi.Output<string>>>;
}

/** What a process of a release is given of its secrets; undefined where the release has none. @param name of the process's `Replicas` */
export function mountedSecrets(
  name: string,
  process: string,
  args: MountedSecretsArgs,
  opts: pulumi.ComponentResourceOptions,
): ReplicasArgs["secrets"] {
  const { owner, release, values, hashes } = args;
  const all = allSecretsOf(release);
  if (all.length === 0) return undefined;
  const names = secretsOf(release, process);
  const files =
    names.length > 0
      ? new SecretFiles(
          `${name}-secrets`,
          { owner, process, values: only(names, values), hashes: only(names, hashes), user: release.settings.user },
          opts,
        )
      : undefined;
  // An app that allows one writer is swapped as a whole: with the hashes of all, each process changes with any of them.
  const told = release.settings.strategy === "recreate" ? all : names;
  return { ...(files && { volume: files.volumeName }), hashes: pulumi.output(only(told, hashes)).apply(canonicalJson) };
}

const only = <T>(names: readonly string[], all: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));

/** The one user that may read the files, if it is known. */
export const readerOf = (user: string): number | null => (user === "image" ? null : Number(user.split(":")[0]));
