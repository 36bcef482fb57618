/** Commands that hand on to Pulumi what they do not know themselves. */
import { Command } from "commander";

/** The options that they share. */
export interface SharedOptions {
  readonly stack?: string;
  readonly outputs?: true;
}

/** A command of this verb, which is Pulumi's, too. @param does what it does with a stack, such as "update" */
export const pulumiCommand = (verb: string, does: string, description: string): Command =>
  new Command(verb)
    .description(`${description} Other options go to \`pulumi ${verb}\`.`)
    .option("--stack <name>", `stack to ${does} (default: the selected one, else dev)`)
    .option("--outputs", "show the stack's outputs too")
    .allowUnknownOption()
    .allowExcessArguments();

/** Its words for Pulumi, without the verb. */
export function wordsFor(command: Command, stack: string): string[] {
  const { outputs } = command.opts<SharedOptions>();
  return ["--stack", stack, ...(outputs ? [] : ["--suppress-outputs"]), ...command.args];
}
