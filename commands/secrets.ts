/** Lists the secrets of a stack and who runs with which value; sets, rotates and removes one. */
import Table from "cli-table3";
import { Command } from "commander";
import { readValue } from "./secrets/ask.ts";
import { findRunning, hashToday } from "./secrets/running.ts";
import { checkName, readKept, readValues, removeValue, writeValue } from "./secrets/store.ts";
import { type Usage, usageOf } from "./secrets/usage.ts";
import { agree } from "./shared/agree.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { openEngine } from "../engine/openEngine.ts";
import { readSettings, restoreSettings } from "../stack/restoreSettings.ts";
import { settingsFile } from "../stack/settingsFile.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { chooseStack, makeStack, type Outputs, readOutputs } from "../stack/stack.ts";
import { holdStack, withWait } from "./update/hold.ts";
import { prepareEngine } from "./update/prepare.ts";
import { update } from "./update/update.ts";

interface Options {
  readonly stack?: string;
  readonly json?: true;
  readonly yes?: true;
}

type Action = (cli: PulumiCli, options: Options, name: string) => Promise<void>;

const command = new Command("secrets")
  .description("Lists the stack's secrets, who runs with them, and who still runs with an old value. No value is ever shown.")
  .option("-s, --stack <name>", "stack to work on (default: the selected one, else dev)")
  .option("--json", "print the list for machines")
  .option("--yes", "do not ask")
  .action(() => run(list, []));
for (const [verb, action, description] of [
  ["set", set, "Sets a value, from standard input or at a prompt. The next update gives it to those who get it."],
  ["rotate", rotate, "Sets a value and replaces the containers that get it, without dropping a request."],
  ["rm", remove, "Removes a value."],
] as const) {
  const own = withWait(command.command(verb).argument("<name>").description(description).allowExcessArguments());
  own.action(() => run(action, own.args));
}

let pulumi: PulumiCli | undefined;
await command.parseAsync();

async function run(action: Action, [name = "", ...more]: readonly string[]): Promise<void> {
  await main(
    async () => {
      if (more.length > 0)
        throw new UserError(
          "a value in the command line can be seen by everyone on this machine: give it by standard input, or at the prompt",
        );
      if (name !== "") checkName(name);
      pulumi = await openPulumi();
      await action(pulumi, command.opts<Options>(), name);
    },
    { onSignal: () => pulumi?.interrupt(), onlyReads: action === list },
  );
}

async function list(cli: PulumiCli, { stack: asked, json }: Options): Promise<void> {
  const stack = await chooseStack(cli, asked);
  const secrets = await lookUp(cli, stack);
  if (json) return console.log(JSON.stringify({ stack, secrets }, undefined, 2));
  if (secrets.length === 0) return console.log(`There is no secret on stack ${stack}. Set one: npm run secrets -- set <name>`);
  const table = new Table({ head: ["secret", "kept", "runs in", "with today's value"], style: { head: [], border: [] } });
  for (const secret of secrets)
    table.push([secret.name, keptWords(secret), secret.processes.join(", ") || "nothing yet", valueWords(secret)]);
  console.log(table.toString());
  if (secrets.some(({ old }) => old.length > 0)) console.log(`npm run up -- --stack ${stack} gives them today's values.`);
}

/** What is set, against what runs. */
async function lookUp(cli: PulumiCli, stack: string): Promise<Usage[]> {
  const [kept, set, key, running] = await Promise.all([
    readKept(cli, stack),
    readValues(cli, stack),
    readKey(cli, stack),
    openEngine(cli, stack).then(findRunning),
  ]);
  return usageOf(kept, await hashToday(set, key), running);
}

/** The stack's key; undefined before its first update has succeeded. */
async function readKey(cli: PulumiCli, stack: string): Promise<string | undefined> {
  return (JSON.parse(await cli.read(["stack", "output", "--json", "--show-secrets", "--stack", stack])) as { key?: string }).key;
}

function keptWords({ kept }: Usage): string {
  return {
    encrypted: "encrypted",
    program: "by a program",
    plain: paint("red", "in plain text"),
    made: "made by Berth",
    unset: paint("yellow", "not set any more"),
  }[kept];
}

function valueWords({ current, old, unknown }: Usage): string {
  if (unknown !== undefined) return paint("yellow", `unknown: ${unknown}`);
  if (current.length + old.length === 0) return "";
  return old.length === 0 ? paint("green", "yes") : paint("yellow", `no: ${old.join(", ")}`);
}

async function set(cli: PulumiCli, { stack: asked }: Options, name: string): Promise<void> {
  const value = await readValue(name);
  const stack = await makeStack(cli, asked);
  await holdStack(cli, await prepareEngine(cli, stack));
  await keepingValue(cli, stack, name, () => writeValue(cli, stack, name, value));
  console.log(`${name} is set on stack ${stack}. npm run up -- --stack ${stack} gives it to those who get it.`);
}

async function rotate(cli: PulumiCli, { stack: asked, yes }: Options, name: string): Promise<void> {
  if (!yes && !process.stdin.isTTY)
    throw new UserError("there is no terminal to ask on: add --yes (npm run secrets -- rotate <name> --yes)");
  const value = await readValue(name);
  const stack = await chooseStack(cli, asked);
  await holdStack(cli, await prepareEngine(cli, stack));
  await readOutputs(cli, stack); // says what to do where nothing is live
  const words = ["up", ...(yes ? ["--yes", "--skip-preview"] : []), "--suppress-outputs", "--stack", stack];
  await keepingValue(
    cli,
    stack,
    name,
    async () => {
      await writeValue(cli, stack, name, value);
      await update(cli, stack, words, { agreed: yes === true });
    },
    async () => (await lookUp(cli, stack)).some((secret) => secret.name === name && secret.current.length > 0 && secret.old.length === 0),
  );
  const { processes = [] } = (await lookUp(cli, stack)).find((secret) => secret.name === name) ?? {};
  console.log(
    `\n${paint("bold", name)} has its new value${processes.length > 0 ? ` in ${processes.join(", ")}` : ", and nothing runs with it"}.`,
  );
}

async function remove(cli: PulumiCli, { stack: asked, yes }: Options, name: string): Promise<void> {
  const stack = await chooseStack(cli, asked);
  const kept = await readKept(cli, stack);
  if (!(name in kept))
    throw new UserError(`there is no secret "${name}" on stack ${stack}: it has ${Object.keys(kept).join(", ") || "none"}`);
  // Before the first update there are none.
  const { releases = [] } = JSON.parse(await cli.read(["stack", "output", "--json", "--stack", stack])) as Partial<Outputs>;
  const needing = releases.filter(({ secrets }) => Array.isArray(secrets) && secrets.includes(name)).map((release) => release.name);
  const lost = needing.length > 0 ? `; without it these releases cannot be brought back: ${needing.join(", ")}` : "";
  await agree({ text: `This removes the value of ${name} from stack ${stack} for good${lost}. Go on?`, wanted: "y", agreed: yes === true });
  await holdStack(cli, await prepareEngine(cli, stack));
  await removeValue(cli, stack, name);
  console.log(`${name} is removed from stack ${stack}. npm run up -- --stack ${stack} takes it away from what runs.`);
}

/**
 * What fails leaves the secret as it was, and all else in the settings file as it is by now.
 * @param done whether the new value has come into use nevertheless
 */
async function keepingValue(
  cli: PulumiCli,
  stack: string,
  name: string,
  change: () => Promise<void>,
  done: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  const file = settingsFile(cli.root, stack);
  const before = await readSettings(file);
  try {
    await change();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const restore = async () => {
      if (await done()) return "the new value is in use, but the update did not come to its end";
      await restoreSettings(file, before, [["berth:secrets", name]]);
      return "the value stays as it was";
    };
    // What failed first is what there is to mend.
    const outcome = await restore().catch((second: Error) => `whether the new value is in use is unknown (${second.message})`);
    throw new UserError(`${outcome}: ${error.message}`, error.exitCode);
  }
}
