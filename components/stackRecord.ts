import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "../release/canonicalJson.ts";
import { stepArgs } from "./step.ts";

export interface StackRecordArgs {
  /** Container of the gateway, in whose volume the record is kept. */
  readonly gateway: pulumi.Input<string>;
  /** What `readPast` reads, with the stack's key, as it is once the release is live: the time in it is another one in each preview. */
  readonly past: pulumi.Input<object>;
  /** Known once the release is live. */
  readonly live: pulumi.Input<unknown>;
}

/** A copy on the engine of what only the stack's state knows, so that `npm run adopt` can rebuild a state that was lost. */
export class StackRecord extends pulumi.ComponentResource {
  constructor(name: string, args: StackRecordArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:StackRecord", name, {}, opts);
    const { gateway, past, live } = args;
    const record = pulumi.all([past, live]).apply(([known]) => canonicalJson(known));
    new local.Command(`${name}-copy`, { ...stepArgs("record", { gateway }), stdin: pulumi.secret(record) }, { parent: this });
    this.registerOutputs({});
  }
}
