/** The secrets in a stack's settings file, read and written by way of Pulumi, which encrypts them. */
import { isUtf8 } from "node:buffer";
import { pathText } from "../../settings/commands.ts";
import { nameHintAt } from "../../settings/hints.ts";
import { schema } from "../../settings/schema.ts";
import type { Settings } from "../../settings/settings.ts";
import { UserError } from "../shared/cli.ts";
import { readOwnConfig } from "../../stack/settingsFile.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { type Kept, keptAs } from "./usage.ts";

/** How the file keeps each secret. @throws UserError where all are one value, of which none can be told or set alone */
export async function readKept(cli: PulumiCli, stack: string): Promise<Record<string, Kept>> {
  const entries = Object.entries(await readEntries(cli, stack));
  return Object.fromEntries(entries.map(([name, entry]) => [name, keptAs(entry)]));
}

async function readEntries(cli: PulumiCli, stack: string): Promise<Record<string, unknown>> {
  const file = (await readOwnConfig(cli.root, stack))["berth:secrets"] ?? {};
  if (typeof file === "object" && !("secure" in file)) return file as Record<string, unknown>;
  throw new UserError(
    `berth:secrets of stack ${stack} is one value, so no secret can be told from another: remove it (npm run pulumi -- config rm berth:secrets --stack ${stack}) and set each by its name`,
  );
}

/** Where today's values come from, in clear. @throws UserError where they do not fit */
export async function readValues(cli: PulumiCli, stack: string): Promise<Settings["secrets"]> {
  const config = JSON.parse(await cli.read(["config", "--json", "--show-secrets", "--stack", stack])) as Record<
    string,
    { value?: string; objectValue?: unknown }
  >;
  const { objectValue, value = "{}" } = config["berth:secrets"] ?? {};
  const result = schema.shape.secrets.safeParse(objectValue ?? JSON.parse(value));
  if (result.success) return result.data;
  throw new UserError(`berth:secrets of stack ${stack} does not fit: npm run preview -- --stack ${stack} says why`);
}

/** @throws UserError where no secret can have that name */
export function checkName(name: string): void {
  if (!schema.shape.secrets.safeParse({ [name]: "" }).success)
    throw new UserError(`a secret cannot be called "${name}": want ${nameHintAt(schema, ["secrets"]).want}`);
}

/** Writes a value, byte by byte, in place of what the secret was before. */
export async function writeValue(cli: PulumiCli, stack: string, name: string, value: Buffer): Promise<void> {
  const entry = (await readEntries(cli, stack))[name];
  const asText = isUtf8(value);
  const path = ["secrets", name];
  // Pulumi sets nothing below a text, and does not make a text of an object.
  const fits =
    entry === undefined ||
    (typeof entry === "object" && entry !== null && ("base64" in entry || "command" in entry) ? !asText && "base64" in entry : asText);
  if (!fits) await removeValue(cli, stack, name);
  const target = pathText(asText ? path : [...path, "base64"]);
  await cli.read(
    ["config", "set", "--secret", "--raw", "--path", target, "--stack", stack],
    asText ? value : Buffer.from(value.toString("base64")),
  );
}

export const removeValue = async (cli: PulumiCli, stack: string, name: string): Promise<void> => {
  await cli.read(["config", "rm", "--path", pathText(["secrets", name]), "--stack", stack]);
};
