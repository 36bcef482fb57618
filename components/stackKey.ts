import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { stepCommand } from "./step.ts";

export interface StackKeyArgs {
  /** The key of before: `destroy` leaves the outputs and the data, and takes this resource. Default: a new one. */
  readonly known?: string | undefined;
}

/**
 * 32 random bytes that stay the same as long as the stack has anything: see `keyed.ts` for what is made with them. A
 * resource, because an update that fails writes no outputs, and what it has made already must not lose its key.
 */
export class StackKey extends pulumi.ComponentResource {
  /** 64 hex digits, a secret. */
  readonly key: pulumi.Output<string>;

  constructor(name: string, { known }: StackKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:StackKey", name, {}, opts);
    const command = new local.Command(
      `${name}-random`,
      { create: stepCommand("key"), ...(known && { stdin: pulumi.secret(known) }), logging: "none" },
      {
        parent: this,
        additionalSecretOutputs: ["stdout"],
        ignoreChanges: ["stdin"], // once it is made, it knows better
      },
    );
    this.key = pulumi.secret(command.stdout);
    this.registerOutputs({});
  }
}
