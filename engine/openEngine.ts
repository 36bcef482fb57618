/** Which engine a stack is on, and whose things to look for there. */
import { DEFAULT_HOST, resolveAddress, tlsVariables } from "../docker/address.ts";
import { UserError } from "../settings/userError.ts";
import type { PulumiCli } from "../stack/pulumiCli.ts";
import { configuredEngine, projectName } from "../stack/settingsFile.ts";
import { chooseEngine } from "./engine.ts";
import type { Owner } from "../release/labels.ts";

/** Addresses that Pulumi has told this process, by checkout and stack. */
const told = new Map<string, string>();

/**
 * Has this process, and what it starts, work on the engine that Pulumi works on. Pulumi itself is asked for the address only
 * where it is a secret, and once, because that takes half a second.
 * @throws UserError where a file with the address cannot be read, or where the Docker context that is selected cannot
 */
export async function openEngine(cli: Pick<PulumiCli, "root" | "env" | "read">, stack: string): Promise<Owner> {
  const [project, said] = await Promise.all([projectName(cli.root), configuredEngine(cli.root, stack)]);
  const address = addressOf(said === "secret" ? await secretAddress(cli, stack) : said?.host);
  chooseEngine(address);
  if (address.from !== "docker:host" && address.host !== DEFAULT_HOST)
    Object.assign(cli.env, { DOCKER_HOST: address.host, ...tlsVariables(address) }); // Pulumi's provider knows no contexts
  return { project, stack: stack.split("/").at(-1) ?? stack };
}

async function secretAddress(cli: Pick<PulumiCli, "root" | "env" | "read">, stack: string): Promise<string> {
  const key = `${cli.root} ${stack}`;
  const address = told.get(key) ?? (await cli.read(["config", "get", "docker:host", "--stack", stack])).trim();
  told.set(key, address);
  return address;
}

function addressOf(configured: string | undefined) {
  try {
    return resolveAddress({ configured, env: process.env });
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}
