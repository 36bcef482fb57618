import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { thisMachine } from "./machine.ts";
import { prependPath } from "./path.ts";
import { findPulumi } from "./pulumi.ts";

/** Where Berth keeps a stack's state and the passphrase of its secrets, unless the user has a backend. */
export interface OwnBackend {
  /** The state's folder, as a file:// address. */
  readonly url: string;
  readonly passphraseFile: string;
}

/** What decides which backend is used. */
export interface BackendFacts {
  readonly env: NodeJS.ProcessEnv;
  /** The text of $PULUMI_HOME/credentials.json, where it is. */
  readonly credentials?: string | undefined;
  /** The text of Pulumi.yaml, where it is. */
  readonly project?: string | undefined;
}

/** Why the user's own backend is used, in a few words, or undefined where Berth manages one. */
export function userBackend(facts: BackendFacts): string | undefined {
  if (facts.env.PULUMI_BACKEND_URL) return "PULUMI_BACKEND_URL";
  if (facts.env.PULUMI_ACCESS_TOKEN) return "PULUMI_ACCESS_TOKEN";
  if (facts.project !== undefined && /^backend:\s*$[\s\S]*?^\s+url:/m.test(facts.project)) return "backend in Pulumi.yaml";
  return currentLogin(facts.credentials) === undefined ? undefined : "pulumi login";
}

/** The variables that Pulumi gets because Berth manages the backend; nothing where the user has one. */
export function backendVariables(facts: BackendFacts, own: OwnBackend): NodeJS.ProcessEnv {
  if (userBackend(facts) !== undefined) return {};
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_CONFIG_PASSPHRASE_FILE: file } = facts.env;
  const theirs = passphrase !== undefined || (file !== undefined && file !== "");
  return { PULUMI_BACKEND_URL: own.url, ...(theirs ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: own.passphraseFile }) };
}

/** What the environment of Pulumi has beyond that of this process. */
export interface PulumiVariables {
  /** The folders of Node and Pulumi, which come first on PATH. */
  readonly folders: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
}

/** Works out what Pulumi's environment needs, and makes the own backend's folder and passphrase where it is used. */
export async function pulumiVariables(root: string): Promise<PulumiVariables> {
  const machine = thisMachine(root);
  const own = { url: `file://${join(root, ".berth", "state")}`, passphraseFile: join(root, ".berth", "passphrase") };
  const variables = backendVariables(await readBackendFacts(root), own);
  if (variables.PULUMI_BACKEND_URL !== undefined) await mkdir(join(root, ".berth", "state"), { recursive: true });
  if (variables.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined) await makePassphrase(own.passphraseFile);
  const pulumi = await findPulumi(machine);
  const folders = [dirname(process.execPath), ...(pulumi === undefined ? [] : [pulumi.place])];
  return { folders, variables: { ...variables, PULUMI_SKIP_UPDATE_CHECK: "true" } };
}

/** Mebibytes of a Node's young generation, a quarter of its default: 20 MiB less for the program, in the same time (Node 24.21). */
const YOUNG = 4;

/** Options for each Node that Pulumi starts: what makes the start of the program lean, and those of the user, which win. */
const nodeOptions = (root: string, { NODE_OPTIONS: theirs = "" }: NodeJS.ProcessEnv): string => {
  const lean = `--max-semi-space-size=${YOUNG} --require ${JSON.stringify(join(root, "toolchain", "lean.cjs"))}`;
  return theirs.includes(lean) ? theirs : `${lean} ${theirs}`.trim();
};

/**
 * The environment for the Pulumi CLI and the Automation API in the checkout `root`: this process's, with the folders of
 * Node and Pulumi first on PATH. Where the user has neither logged in to a backend nor named one, a file backend in
 * .berth/state is used, with a passphrase that is generated once in .berth/passphrase; a passphrase that the user set
 * wins over it.
 */
export async function pulumiEnvironment(root: string): Promise<NodeJS.ProcessEnv> {
  const { folders, variables } = await pulumiVariables(root);
  return { ...process.env, ...variables, NODE_OPTIONS: nodeOptions(root, process.env), PATH: prependPath(folders, process.env.PATH) };
}

/** Reads what decides about the backend. */
export async function readBackendFacts(root: string): Promise<BackendFacts> {
  const read = (file: string) => readFile(file, "utf8").catch(() => undefined);
  const { pulumiHome } = thisMachine(root);
  return {
    env: process.env,
    credentials: await read(join(pulumiHome, "credentials.json")),
    project: await read(join(root, "Pulumi.yaml")),
  };
}

function currentLogin(credentials: string | undefined): string | undefined {
  try {
    const { current } = JSON.parse(credentials ?? "{}") as { current?: unknown };
    return typeof current === "string" && current !== "" ? current : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the passphrase file unless it is there. It appears whole, and two runs at once agree on one. */
async function makePassphrase(file: string): Promise<void> {
  if (existsSync(file)) return;
  await mkdir(dirname(file), { recursive: true });
  const whole = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(whole, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "w" });
  await link(whole, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(whole);
}
