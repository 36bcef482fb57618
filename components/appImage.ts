import * as docker from "@pulumi/docker";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { BuildSettings } from "../settings/settings.ts";
import { buildSecretFile } from "../source/buildSecrets.ts";
import { buildLog } from "../source/buildLog.ts";
import type { Release } from "../release/ledger.ts";
import { contentOf, imageName, repository } from "../release/imageName.ts";
import { labels, type Owner } from "../release/labels.ts";
import { ownerVariables, stepCommand } from "./step.ts";

export interface AppImageArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** Build the release from this folder; without it, the release's own earlier image is used. */
  readonly build?: BuildSettings & { readonly context: string };
  /** Whether all images of the stack go when this component goes. Default: true. */
  readonly cleanUp?: boolean;
}

/** The image of one release: built from a folder, or the one that an earlier release left on the engine. */
export class AppImage extends pulumi.ComponentResource {
  /** The image's id: never a tag, which can move. */
  readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: AppImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:AppImage", name, {}, opts);
    const { owner, release, build, cleanUp = true } = args;
    const last = cleanUp ? [new local.Command(`${name}-cleanup`, cleanUpArgs(owner), { parent: this })] : [];
    if (build) {
      const image = new docker.RemoteImage(`${name}-build`, imageArgs(owner, release.name, build), {
        parent: this,
        dependsOn: last, // so that it is deleted after all that use the images
        deleteBeforeReplace: false,
      });
      this.imageId = image.imageId;
    } else if (release.image) {
      this.imageId = pulumi.output(release.image);
    } else {
      throw new pulumi.ResourceError(`release ${release.name} has no image and nothing to build it from`, this, true);
    }
    this.registerOutputs({ imageId: this.imageId });
  }
}

/** The tag names the content, so an image is built once and a tag never moves. */
export function imageArgs(owner: Owner, release: string, build: BuildSettings & { readonly context: string }): docker.RemoteImageArgs {
  const content = contentOf(release);
  return {
    name: imageName(owner, release),
    build: {
      context: build.context,
      dockerfile: build.dockerfile,
      buildLogFile: buildLog(content), // the provider's own error does not say why a build failed
      label: labels(owner, "image"),
      ...(build.target && { target: build.target }),
      ...(Object.keys(build.args).length > 0 && { buildArgs: { ...build.args } }),
      ...(build.platform && { platform: build.platform }),
      ...(build.secrets && build.secrets.length > 0 && { secrets: build.secrets.map((id) => ({ id, src: buildSecretFile(owner, id) })) }),
    },
    triggers: { content }, // the provider does not watch the context
    keepLocally: true, // the ledger decides what is removed, see Prune
  };
}

/** Nothing to do while the stack lives; when it is destroyed, its images go last. */
function cleanUpArgs(owner: Owner): local.CommandArgs {
  return {
    create: ":",
    delete: stepCommand("dropImages"),
    environment: { ...ownerVariables(owner), REPOSITORY: repository(owner) },
  };
}
