/** An app that a program describes by itself, without a stack file: what `WebApp` needs to know of it. */
import * as pulumi from "@pulumi/pulumi";
import { type Past, readPast, type Release } from "../release/ledger.ts";
import { type SecretValues, valuesFor } from "../release/secretValues.ts";
import { type Config, readEngineHost, type Settings, settingsOf } from "../settings/settings.ts";
import { UserError } from "../settings/userError.ts";
import { type Choice, chooseReleases } from "./chosen.ts";

export interface DescribedApp extends Omit<Past, "releases">, Choice {
  readonly owner: { readonly project: string; readonly stack: string; readonly app: string };
  readonly settings: Settings;
  readonly ledger: readonly Release[];
  readonly secrets: SecretValues;
  readonly host: string | undefined;
}

/**
 * Reads the app's ledger, and names the release that its source makes. The program has to return `WebApp.outputs` under the app's
 * name: the next update reads them there.
 * @param app its name: at most 31 of a-z, 0-9 and -, led by a letter; all that is made on the engine carries it
 * @param config as under `berth:` in a stack file, such as `{ port: 8081 }`; `release` brings an earlier one back
 * @throws RunError where a value is wrong, a release is not there, or nothing to build
 */
export async function describeApp(app: string, config: Config): Promise<DescribedApp> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(app))
    throw new pulumi.RunError(`"${app}" cannot be the name of an app: take at most 31 of a-z, 0-9 and -, led by a letter`);
  const owner = { project: pulumi.getProject(), stack: pulumi.getStack(), app };
  try {
    const settings = settingsOf(config, owner.stack);
    const { releases: ledger, ...past } = await readPast(app);
    const choice = await chooseReleases(owner, settings, ledger);
    const secrets = await valuesFor(settings.secrets, choice.release, ...(choice.canary ? [choice.canary.release] : []));
    return { owner, settings, ledger, ...past, ...choice, secrets, host: readEngineHost() };
  } catch (error) {
    throw error instanceof UserError || pulumi.RunError.isInstance(error) ? new pulumi.RunError(`app ${app}: ${error.message}`) : error;
  }
}
