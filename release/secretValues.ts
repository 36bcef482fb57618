/** What a release's secrets are today, and which process gets which. */
import * as pulumi from "@pulumi/pulumi";
import { setCommand } from "../settings/commands.ts";
import type { SecretProgram, SecretSettings, Settings } from "../settings/types.ts";
import { urlSecret } from "../settings/accessoryKinds.ts";
import { keyedHash } from "./keyed.ts";
import type { Release } from "./ledger.ts";
import { askProgram } from "./secretProgram.ts";

/** Process of the release that takes the traffic; the others are named by their worker. */
export const WEB = "web";

/** Value of a secret. */
export interface SecretValue {
  /** The bytes in Base64. */
  readonly base64: pulumi.Input<string>;
  /** The program that prints it. Then it goes into no resource: the step that needs it asks again. */
  readonly program?: SecretProgram;
}

/** A value that is known already. */
type Known = SecretValue & { readonly base64: string };

/** Values by the names of their secrets. */
export type SecretValues = Readonly<Record<string, SecretValue>>;

type Named = Pick<Release, "secrets" | "settings">;

/** Names of all secrets of a release, those of its accessories included. Pure. */
export const allSecretsOf = ({ secrets, settings }: Named): readonly string[] => [
  ...secrets,
  ...(settings.accessories ?? []).map(urlSecret),
];

/** Names of the secrets that a process of a release gets. Pure. */
export const secretsOf = (release: Named, process: string): readonly string[] =>
  release.settings.secretsFor?.[process] ?? allSecretsOf(release);

/**
 * Today's values of all secrets that these releases have.
 * @throws RunError where one is not set any more, for a release does not bring values back, or a program does not tell it
 */
export async function valuesFor(set: Settings["secrets"], ...releases: readonly Release[]): Promise<SecretValues> {
  for (const { name, secrets } of releases) {
    const missing = secrets.filter((secret) => !(secret in set));
    if (missing[0] === undefined) continue;
    throw new pulumi.RunError(
      `release ${name} needs the secret ${missing.join(" and ")}, which is not set any more: ${setCommand(["secrets", missing[0]], "<value>")}, or choose another release (nothing was changed)`,
    );
  }
  return readSecrets(
    set,
    releases.flatMap(({ secrets }) => secrets),
  );
}

/** Today's values of these secrets. @throws RunError where a program does not tell one */
export async function readSecrets(set: Settings["secrets"], names: readonly string[]): Promise<Record<string, Known>> {
  const [first, ...others] = Object.entries(set)
    .filter(([name]) => names.includes(name))
    .map(
      ([name, value]) =>
        () =>
          readSecret(name, value),
    );
  if (!first) return {};
  // The first one alone: a password manager that asks for its own password asks once
  return Object.fromEntries([await first(), ...(await Promise.all(others.map((read) => read())))]);
}

async function readSecret(name: string, value: SecretSettings): Promise<[string, Known]> {
  if ("base64" in value) return [name, value];
  const told = await askProgram(name, value).catch((error: Error) => {
    throw new pulumi.RunError(`${error.message} (nothing was changed)`);
  });
  return [name, { base64: told.toString("base64"), program: value }];
}

/** Keyed hash of each value. The name is part of it, so that equal values of two secrets do not show. */
export const hashesOf = (key: pulumi.Input<string>, values: SecretValues): Record<string, pulumi.Output<string>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { base64 }]) => [
      name,
      pulumi.unsecret(pulumi.all([key, base64]).apply(([plainKey, value]) => keyedHash(plainKey, name, Buffer.from(value, "base64")))),
    ]),
  );
