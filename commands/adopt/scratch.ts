/** A backend of its own for one stack, where a record is tried before it becomes the stack's. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../shared/cli.ts";
import { failureOf } from "../../stack/failure.ts";
import { type PulumiCli, pulumiIn } from "../../stack/pulumiCli.ts";
import { ordered, type Preview, type Resource } from "./resources.ts";

/** A record as `pulumi stack export` has it. */
interface Exported {
  readonly version: number;
  readonly deployment: {
    readonly secrets_providers?: { readonly type: string; readonly state?: unknown };
    readonly resources?: readonly Resource[];
  };
}

export class Scratch {
  private readonly folder: string;
  private readonly stack: string;
  private readonly pulumi: PulumiCli;
  private readonly empty: Exported;

  private constructor(folder: string, stack: string, pulumi: PulumiCli, empty: Exported) {
    this.folder = folder;
    this.stack = stack;
    this.pulumi = pulumi;
    this.empty = empty;
  }

  /**
   * A stack of the same name, whose secrets are encrypted as those of the real one are.
   * @throws UserError where they are not encrypted with a passphrase: another backend would encrypt them otherwise
   */
  static async open(real: PulumiCli, stack: string): Promise<Scratch> {
    const { deployment } = JSON.parse(await real.read(["stack", "export", "--stack", stack])) as Exported;
    if (deployment.secrets_providers?.type !== "passphrase") {
      throw new UserError(
        `the secrets of stack ${stack} are kept by ${deployment.secrets_providers?.type ?? "nobody"}, and Berth can rebuild a record with a passphrase only: bring an earlier one back with what the backend offers`,
      );
    }
    const folder = await mkdtemp(join(tmpdir(), "berth-adopt-"));
    const name = stack.split("/").at(-1) ?? stack;
    const pulumi = pulumiIn(real.root, { ...real.env, PULUMI_BACKEND_URL: `file://${folder}` });
    await pulumi.read(["stack", "init", name, "--no-select"]);
    const empty = JSON.parse(await pulumi.read(["stack", "export", "--stack", name])) as Exported;
    return new Scratch(folder, name, pulumi, {
      ...empty,
      deployment: { ...empty.deployment, secrets_providers: deployment.secrets_providers },
    });
  }

  /** What an update would do, and the plan for it. @throws UserError with the cause where the program fails */
  async preview(): Promise<Preview> {
    const [plan, log] = [`plan-${randomBytes(3).toString("hex")}`, "events"].map((name) => join(this.folder, name)) as [string, string];
    const { code, out, errors } = await this.pulumi.capture([
      "preview",
      "--json",
      "--save-plan",
      plan,
      "--event-log",
      log,
      "--stack",
      this.stack,
    ]);
    if (code !== 0) throw new UserError(failureOf(await readFile(log, "utf8").catch(() => "")) ?? (errors || out).trim());
    const { resourcePlans } = JSON.parse(await readFile(plan, "utf8")) as { resourcePlans: Preview["plan"] };
    return { steps: (JSON.parse(out) as Pick<Preview, "steps">).steps, plan: resourcePlans };
  }

  /** Writes a record and returns it as Pulumi has it. @param look whether Pulumi is to read from the engine what an entry lacks */
  async write(resources: readonly Resource[], { look }: { look: boolean }): Promise<Resource[]> {
    await this.pulumi.read(["stack", "import", "--stack", this.stack], this.record(resources));
    if (look) await this.pulumi.read(["refresh", "--yes", "--skip-preview", "--stack", this.stack]);
    const { deployment } = JSON.parse(await this.pulumi.read(["stack", "export", "--stack", this.stack])) as Exported;
    return [...(deployment.resources ?? [])];
  }

  /** The record as `pulumi stack import` takes it. */
  record(resources: readonly Resource[]): string {
    return JSON.stringify({ ...this.empty, deployment: { ...this.empty.deployment, resources: ordered(resources) } });
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
