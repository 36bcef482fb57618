import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "./canonicalJson.ts";
import type { Release } from "./ledger.ts";
import type { Owner } from "./owner.ts";
import { stepArgs } from "./step.ts";

export interface SecretFilesArgs {
  readonly owner: Owner;
  readonly release: Release;
  readonly imageId: pulumi.Input<string>;
  /** URLs of accessories, by the names of their files. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * The secrets of one release as files in a volume that its replicas mount read-only. The provider's `uploads` cannot
 * do it: they fail in a container with a read-only root file system. Each release has its own volume, so that an old
 * replica keeps its old values to the end.
 */
export class SecretFiles extends pulumi.ComponentResource {
  /** The engine's name of the volume, known once the files are in it. */
  readonly volumeName: pulumi.Output<string>;

  constructor(name: string, args: SecretFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:SecretFiles", name, {}, opts);
    const { owner, release, imageId, urls } = args;
    const files = new local.Command(
      `${name}-files`,
      {
        ...stepArgs("secrets", { owner, image: imageId, uid: readerOf(release.settings.user) }),
        stdin: pulumi.secret(pulumi.output(urls).apply((known) => canonicalJson({ ...release.secrets, ...known }))),
        delete: 'docker volume rm --force "$PULUMI_COMMAND_STDOUT"',
      },
      { parent: this },
    );
    this.volumeName = files.stdout;
    this.registerOutputs({ volumeName: this.volumeName });
  }
}

/** The one user that may read the files, if it is known. */
export const readerOf = (user: string): number | null => (user === "image" ? null : Number(user.split(":")[0]));
