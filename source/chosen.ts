/** Which release an update brings live: an earlier one by its name, or what the source makes now. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { contentOf } from "../release/imageName.ts";
import { findRelease, liveRelease, nextRelease, type Release } from "../release/ledger.ts";
import type { BuildSettings, CanarySettings, Settings } from "../settings/settings.ts";
import { BUILD_LOGS } from "./buildLog.ts";
import { type BuildOwner, provideBuildSecrets } from "./buildSecrets.ts";
import { checkOut } from "./checkout.ts";
import { contentHash } from "./content.ts";
import { readOrigin } from "./origin.ts";

export interface Chosen {
  readonly release: Release;
  /** What to build; undefined where the release's earlier image is used. */
  readonly build: (BuildSettings & { readonly context: string }) | undefined;
}

/** The release to bring live, and one that is tried beside it. */
export interface Choice extends Chosen {
  readonly canary: (Chosen & { readonly settings: CanarySettings }) | undefined;
}

/**
 * What these settings choose: beside a canary, the live release stays.
 * @throws RunError where a release is not there, or nothing to build
 */
export async function chooseReleases(owner: BuildOwner, settings: Settings, ledger: readonly Release[]): Promise<Choice> {
  const { canary: tried, release } = settings;
  const canary = tried && { settings: tried, ...(await choose(owner, settings, ledger, tried.release)) };
  const live = canary && !release ? { release: liveRelease(ledger), build: undefined } : await choose(owner, settings, ledger, release);
  return { ...live, canary: canary && { ...canary, ...sharing(canary, live) } };
}

/**
 * What is built from the same as the live release runs on its image: another build may be another image, which takes the name, and with
 * that the life, of the one that is live.
 */
const sharing = (canary: Chosen, { release: { name, image } }: Chosen): Chosen =>
  canary.build && image && contentOf(canary.release.name) === contentOf(name)
    ? { release: { ...canary.release, image }, build: undefined }
    : canary;

/** The release of this name, or else what the source makes. */
const choose = async (owner: BuildOwner, settings: Settings, ledger: readonly Release[], name: string | undefined): Promise<Chosen> =>
  name ? { release: pinned(owner, ledger, name), build: undefined } : fromSource(owner, settings, ledger);

function pinned({ app }: BuildOwner, ledger: readonly Release[], name: string): Release {
  const earlier = findRelease(ledger, name);
  const words = app
    ? `of app ${app} is pinned, its source is not built`
    : "is pinned by berth:release, app/ is not built. To build again: pulumi config rm berth:release";
  void pulumi.log.info(`release ${name} ${words}`);
  return { ...earlier, time: new Date().toISOString() };
}

async function fromSource(owner: BuildOwner, settings: Settings, ledger: readonly Release[]): Promise<Chosen> {
  const { build } = settings;
  const remote = build.remoteContext ? await checkOut(build.remoteContext) : undefined;
  const context = remote?.context ?? build.context ?? "app";
  checkContext(context, build.dockerfile);
  await mkdir(BUILD_LOGS, { recursive: true });
  await provideBuildSecrets(owner, settings);
  const origin = { ...(await readOrigin()), ...(remote && { commit: remote.revision.slice(0, 12) }) };
  return { release: nextRelease(ledger, await contentHash(context, build), settings, origin), build: { ...build, context } };
}

/** A folder that can be built. @throws RunError where the context or its Dockerfile is missing. */
export function checkContext(context: string, dockerfile: string): void {
  if (!existsSync(context))
    fail(
      `berth:build.context ${context} does not exist: make the folder, or set it with: pulumi config set --path berth:build.context <folder>`,
    );
  if (!existsSync(join(context, dockerfile))) {
    fail(`there is no ${join(context, dockerfile)}: write one, or name yours with: pulumi config set --path berth:build.dockerfile <file>`);
  }
}

function fail(message: string): never {
  throw new pulumi.RunError(message);
}
