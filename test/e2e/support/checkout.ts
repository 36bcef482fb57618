/** A copy of the project with a stack, a backend and a port of its own, so that a test meets nothing of the user's. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { freePort } from "../../support/freePort.ts";
import { LONG } from "./form.ts";
import { forgetStack, noteStack, removeLeftovers, RUN } from "./leftovers.ts";

const run = promisify(execFile);
const ROOT = process.cwd();
/** Folder with a stand-in for the docker command, and the file in which it notes each call: Berth runs none. */
const NO_DOCKER = join(".berth", "no-docker");
const DOCKER_CALLS = join(NO_DOCKER, "calls");
/** No test waits longer for one command, in milliseconds. */
const PATIENCE = 180_000;

export interface Ran {
  readonly code: number;
  /** Both streams, as a person would see them. */
  readonly output: string;
  readonly stdout: string;
  readonly seconds: number;
}

/** What Pulumi knows of a stack. */
export interface Deployment {
  readonly pending_operations?: readonly { readonly resource: { readonly urn: string } }[];
  readonly resources?: readonly {
    readonly urn: string;
    readonly type: string;
    readonly delete?: boolean;
    readonly outputs?: Readonly<Record<string, unknown>>;
  }[];
}

export class Checkout {
  readonly folder: string;
  readonly stack: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string, stack: string, port: number, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.stack = stack;
    this.port = port;
    this.env = env;
  }

  /** Copies the project and makes a stack with this configuration (values of the namespace `berth`). */
  static async make(config: Record<string, unknown> = {}, { name = "e2e", env: more = {} } = {}): Promise<Checkout> {
    const folder = await mkdtemp(join(tmpdir(), "berth-e2e-"));
    const stack = Checkout.nameOf(name);
    await noteStack(stack);
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(folder, ".berth", "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_CONFIG_PASSPHRASE_FILE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...(LONG ? {} : { GOGC: "off", GOMEMLIMIT: "1GiB" }), // a tenth of the time of each plain `pulumi`
      NO_COLOR: "1",
      PATH: [join(folder, NO_DOCKER), process.env["PATH"]].join(delimiter),
      ...more,
    };
    const port = await freePort();
    const checkout = new Checkout(folder, stack, port, env);
    await checkout.fill();
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await mkdir(join(folder, ".berth", "state"), { recursive: true });
    await checkout.write(
      join(NO_DOCKER, "docker"),
      `#!/bin/sh\necho "$*" >> "${join(folder, DOCKER_CALLS)}"\necho "this test has no docker command" >&2\nexit 127\n`,
    );
    await chmod(join(folder, NO_DOCKER, "docker"), 0o755);
    await checkout.configure(config);
    await checkout.pulumiOk("stack", "init", stack, "--no-select");
    return checkout;
  }

  /** Copies the project's files, as they are in the work tree; of the tests none. @param wanted which. Default: all */
  async fill(wanted: (file: string) => boolean = () => true): Promise<void> {
    const { stdout } = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: ROOT });
    for (const file of stdout.split("\0").filter((path) => path !== "" && !path.startsWith("test/") && wanted(path))) {
      await cp(join(ROOT, file), join(this.folder, file), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error; // removed from the work tree, and not yet from the index
      });
    }
  }

  /** A name for a stack that nobody has, and that tells the sweeper whose it is. */
  static nameOf(kind: string): string {
    return `${kind}-${process.env[RUN] ?? process.pid}-${randomBytes(2).toString("hex")}`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Writes the stack's whole configuration; encrypted values set by `secret` are lost. */
  async configure(config: Record<string, unknown>): Promise<void> {
    const file = join(this.folder, `Pulumi.${this.stack}.yaml`);
    const salt = /^encryptionsalt: .*$/m.exec(await readFile(file, "utf8").catch(() => ""))?.[0];
    const values = Object.entries({ port: this.port, bindAddress: "127.0.0.1", ...config }).filter(([, value]) => value !== undefined);
    const text = stringify({ config: Object.fromEntries(values.map(([key, value]) => [`berth:${key}`, value])) });
    await writeFile(file, salt ? `${salt}\n${text}` : text);
  }

  async secret(path: string, value: string): Promise<void> {
    await this.pulumiOk("config", "set", "--secret", "--path", "--stack", this.stack, `berth:${path}`, "--", value);
  }

  /** Replaces a text in a file of the project. */
  async edit(file: string, from: string | RegExp, to: string): Promise<void> {
    const path = join(this.folder, file);
    const before = await readFile(path, "utf8");
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} has no ${String(from)}`);
    await writeFile(path, after);
  }

  async write(file: string, text: string | Buffer): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true });
    await writeFile(join(this.folder, file), text);
  }

  pulumi(...words: string[]): Promise<Ran> {
    return this.exec("pulumi", words);
  }

  async pulumiOk(...words: string[]): Promise<Ran> {
    return ok(`pulumi ${words.join(" ")}`, await this.pulumi(...words));
  }

  /** `pulumi up` as a script would call it. */
  up(...words: string[]): Promise<Ran> {
    return this.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", this.stack, ...words);
  }

  async upOk(...words: string[]): Promise<Ran> {
    return ok("pulumi up", await this.up(...words));
  }

  /** `npm run <verb> -- <words> --stack <this one>`; the short form does what npm would, which takes a fifth of a second to do it. */
  npm(verb: string, ...words: string[]): Promise<Ran> {
    const all = ["--stack", this.stack, ...words];
    return LONG
      ? this.exec("npm", ["run", "--silent", verb, "--", ...all])
      : this.exec("node", [join("commands", "run.mjs"), verb, ...all]);
  }

  async npmOk(verb: string, ...words: string[]): Promise<Ran> {
    return ok(`npm run ${verb}`, await this.npm(verb, ...words));
  }

  /** Pulumi's own record of the stack, in a folder read from its file because asking Pulumi takes a second. */
  async deployment(): Promise<Deployment> {
    const url = this.env["PULUMI_BACKEND_URL"] ?? "";
    if (!url.startsWith("file://"))
      return (JSON.parse((await this.pulumiOk("stack", "export", "--stack", this.stack)).stdout) as { deployment: Deployment }).deployment;
    const file = join(url.replace("file://", ""), ".pulumi", "stacks", "berth", `${this.stack}.json`);
    return (JSON.parse(await readFile(file, "utf8")) as { checkpoint: { latest: Deployment } }).checkpoint.latest;
  }

  /** An output of the stack, by its record. */
  async output<T>(name: string): Promise<T> {
    const outputs = (await this.deployment()).resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
    if (!(name in outputs)) throw new Error(`the stack has no output ${name}`);
    return outputs[name] as T;
  }

  exec(command: string, words: readonly string[]): Promise<Ran> {
    const started = Date.now();
    return new Promise((resolve, reject) => {
      const child = spawn(command, words, { cwd: this.folder, env: this.env, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE });
      let output = "";
      let stdout = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => ((output += text), (stdout += text)));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 1, output, stdout, seconds: (Date.now() - started) / 1000 }));
    });
  }

  /**
   * Removes all that the stack made, the copy included; what `npm run destroy` does has tests of its own.
   * @throws Error where anything has run the docker command
   */
  async remove(): Promise<void> {
    const calls = await readFile(join(this.folder, DOCKER_CALLS), "utf8").catch(() => "");
    await removeLeftovers(this.stack, process.env);
    await forgetStack(this.stack);
    await rm(this.folder, { recursive: true, force: true });
    if (calls !== "") throw new Error(`the docker command was run:\n${calls}`);
  }
}

function ok(what: string, ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`${what} ended with ${ran.code}:\n${ran.output}`);
  return ran;
}
