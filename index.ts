/** The stack: its configuration becomes one app, and what a person wants to know of it becomes outputs. */
import * as pulumi from "@pulumi/pulumi";
import { WebApp } from "./components/webApp.ts";
import { holdStack } from "./preflight/hold.ts";
import { checkEngine } from "./preflight/preflight.ts";
import { readPast, type Release } from "./release/ledger.ts";
import { valuesFor } from "./release/secretValues.ts";
import { mustComeToItsEnd } from "./settings/guard.ts";
import { readEngineHost, readSettings } from "./settings/settings.ts";
import { UserError } from "./settings/userError.ts";
import { chooseReleases } from "./source/chosen.ts";

export default () => program().catch(inWords).finally(mustComeToItsEnd("Pulumi's program"));

/** What is explained by its message needs no stack. */
function inWords(error: unknown): never {
  throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
}

async function program() {
  const settings = readSettings();
  const owner = { project: pulumi.getProject(), stack: pulumi.getStack() };
  const { releases: ledger, ...past } = await readPast();
  const choice = await chooseReleases(owner, settings, ledger);
  const { build, canary: tried } = choice;
  const { files, processors, images } = await checkEngine(owner, settings, choice.release, build !== undefined, ledger[0], tried);
  const onEngine = (chosen: Release): Release => ({ ...chosen, ...(chosen.image && { image: images.get(chosen.image) ?? chosen.image }) });
  const release = onEngine(choice.release);
  const canary = tried && { ...tried, release: onEngine(tried.release) };
  await holdStack(owner);
  const secrets = await valuesFor(settings.secrets, release, ...(canary ? [canary.release] : []));
  const app = new WebApp(`${owner.project}-${owner.stack}`, {
    owner,
    settings,
    ledger,
    ...past,
    release,
    build,
    canary,
    secrets,
    files,
    processors,
    host: readEngineHost(),
  });
  return app.outputs;
}
