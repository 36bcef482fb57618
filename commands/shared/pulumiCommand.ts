/** Commands that hand on to Pulumi what they do not know themselves. */
import { Command } from "commander";
import { UserError } from "./cli.ts";

/** The options that they share. */
export interface SharedOptions {
  readonly stack?: string;
  readonly outputs?: true;
}

/** A command of this verb, which is Pulumi's, too. @param does what it does with a stack, such as "update" */
export const pulumiCommand = (verb: string, does: string, description: string): Command =>
  new Command(verb)
    .description(`${description} Other options go to \`pulumi ${verb}\`.`)
    .option("-s, --stack <name>", `stack to ${does} (default: the selected one, else dev)`)
    .option("--outputs", "show the stack's outputs too")
    .allowUnknownOption()
    .allowExcessArguments();

/** Its words for Pulumi, without the verb. */
export function wordsFor(command: Command, stack: string): string[] {
  const { outputs } = command.opts<SharedOptions>();
  return ["--stack", stack, ...(outputs ? [] : ["--suppress-outputs"]), ...command.args];
}

/** Pulumi's options that choose a stack, a project or a settings file. */
const CHOOSING = /^--(stack|cwd|config-file)(=|$)/;
/** Their short forms, alone or after short options without a value, such as -dC. */
const CHOOSING_SHORT = /^-[defjQryh]*[sC]/;

/**
 * To be called before anything is done with the words that go on to Pulumi.
 * @throws UserError where they would have Pulumi look at another stack, or another folder, than Berth does
 */
export function refuseOtherStack(command: Command): void {
  const verb = command.name();
  const [first] = command.args;
  if (first !== undefined && !first.startsWith("-")) {
    throw new UserError(`"${first}" says nothing to npm run ${verb}: a stack is named with npm run ${verb} -- --stack ${first}`);
  }
  const choosing = command.args.find((word) => CHOOSING.test(word) || CHOOSING_SHORT.test(word));
  if (choosing === undefined) return;
  throw new UserError(
    `${choosing} would have Pulumi look at something else than Berth, which guards the stack: choose the stack with npm run ${verb} -- --stack <name>, and another checkout by going there`,
  );
}
