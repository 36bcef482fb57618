import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { LABEL, labelList, labels, type Owner } from "../release/labels.ts";

export interface DataVolumeArgs {
  readonly owner: Owner;
  /** The volume's name in the configuration. */
  readonly volume: string;
}

/** Data that outlives every release and every container. Deleting it needs more than `pulumi destroy`. */
export class DataVolume extends pulumi.ComponentResource {
  /** The engine's name of the volume. */
  readonly volumeName: pulumi.Output<string>;

  constructor(name: string, args: DataVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:DataVolume", name, {}, opts);
    const volume = new docker.Volume(`${name}-volume`, volumeArgs(args), {
      parent: this,
      protect: true, // neither a changed program nor a plain destroy may delete data
      retainOnDelete: true, // and if the protection is lifted, the engine still keeps the data
      ignoreChanges: ["labels", "driver", "driverOpts"], // each would replace the volume, and leave its data behind
    });
    this.volumeName = volume.name;
    this.registerOutputs({ volumeName: this.volumeName });
  }
}

/**
 * No label that can change: a changed label would replace the volume. The engine's name is Pulumi's, so two checkouts never share data by
 * chance.
 */
export const volumeArgs = ({ owner, volume }: DataVolumeArgs): docker.VolumeArgs => ({
  labels: labelList(labels(owner, "data", { [LABEL.volume]: volume })),
});
