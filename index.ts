/** The stack: its configuration becomes one app, and what a person wants to know of it becomes outputs. */
import { mkdir } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import { BUILD_LOGS } from "./source/buildLog.ts";
import { provideBuildSecrets } from "./source/buildSecrets.ts";
import { checkOut } from "./source/checkout.ts";
import { contentHash } from "./source/content.ts";
import { findRelease, liveRelease, nextRelease, readPast } from "./release/ledger.ts";
import { readOrigin } from "./source/origin.ts";
import { valuesFor } from "./release/secretValues.ts";
import { WebApp } from "./components/webApp.ts";
import { holdStack } from "./preflight/hold.ts";
import { checkContext, checkEngine } from "./preflight/preflight.ts";
import { mustComeToItsEnd } from "./settings/guard.ts";
import { readSettings, type Settings } from "./settings/settings.ts";
import { UserError } from "./settings/userError.ts";

export default () => program().catch(inWords).finally(mustComeToItsEnd("Pulumi's program"));

/** What is explained by its message needs no stack. */
function inWords(error: unknown): never {
  throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
}

async function program() {
  const settings = readSettings();
  const owner = { project: pulumi.getProject(), stack: pulumi.getStack() };
  const { releases: ledger, dataVolumes, accessories, key } = await readPast();
  const tried = settings.canary && { settings: settings.canary, ...(await chosen(settings.canary.release)) };
  const { release, build } = tried && !settings.release ? { release: liveRelease(ledger), build: undefined } : await chosen(settings.release);
  const files = await checkEngine(owner, settings, release, build !== undefined, ledger[0], tried?.release);
  await holdStack(owner);
  const secrets = await valuesFor(settings.secrets, release, ...(tried ? [tried.release] : []));
  const app = new WebApp(`${owner.project}-${owner.stack}`, { owner, settings, secrets, files, release, ledger, dataVolumes, accessories, key, build, canary: tried });
  return {
    url: app.url,
    release: release.name,
    image: app.image,
    replicas: app.replicas,
    volumes: app.volumes,
    strategy: release.settings.strategy,
    releases: app.releases,
    dataVolumes: app.dataVolumes,
    ...(Object.keys(app.accessories).length > 0 && { accessories: app.accessories }),
    ...{ secrets: Object.keys(settings.secrets).sort(), key: app.key },
    ...(app.canary && { canary: app.canary }),
  };

  /** The release of this name, or else what the source makes. */
  async function chosen(name: string | undefined) {
    return name ? { release: pinned(name), build: undefined } : fromSource(settings);
  }

  function pinned(name: string) {
    const earlier = findRelease(ledger, name);
    void pulumi.log.info(`release ${name} is pinned by berth:release, app/ is not built. To build again: pulumi config rm berth:release`);
    return { ...earlier, time: new Date().toISOString() };
  }

  async function fromSource({ build }: Settings) {
    const remote = build.remoteContext ? await checkOut(build.remoteContext) : undefined;
    const context = remote?.context ?? build.context ?? "app";
    checkContext(context, build.dockerfile);
    await mkdir(BUILD_LOGS, { recursive: true });
    await provideBuildSecrets(owner.stack, settings);
    return {
      release: nextRelease(ledger, await contentHash(context, build), settings, { ...(await readOrigin()), ...(remote && { commit: remote.revision.slice(0, 12) }) }),
      build: { ...build, context },
    };
  }
}
