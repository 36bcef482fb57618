/** What Pulumi takes of itself: an update of the program in floor/, with Berth's two plugins and as lean as Berth starts it. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { pulumiEnvironment } from "../../toolchain/environment.ts";
import type { Checkout } from "../e2e/support/checkout.ts";
import type { Command } from "./measure.ts";

export class Floor {
  readonly #checkout: Checkout;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #number = 0;
  #containers: { readonly replicas: number; readonly app: string } | undefined;

  private constructor(checkout: Checkout, folder: string, env: NodeJS.ProcessEnv) {
    [this.#checkout, this.#folder, this.#env] = [checkout, folder, env];
  }

  /** Makes the stack, whose state, files and containers go with the checkout. */
  static async make(checkout: Checkout): Promise<Floor> {
    const folder = join(checkout.folder, ".berth", "bench", "floor");
    await mkdir(folder, { recursive: true });
    await cp("test/bench/floor", folder, { recursive: true });
    const lean = await pulumiEnvironment(checkout.folder);
    const { NODE_OPTIONS, PATH } = lean;
    const compiled = process.env["NODE_COMPILE_CACHE"] ?? join(checkout.folder, "node_modules", ".cache", "node");
    const floor = new Floor(checkout, folder, { ...checkout.env, NODE_OPTIONS, PATH, NODE_COMPILE_CACHE: compiled });
    await checkout.pulumiOk("stack", "init", checkout.stack, "--no-select", "--cwd", folder);
    await floor.change();
    return floor;
  }

  /** Has the next update run the command, and make each container anew. */
  async change(): Promise<void> {
    const { replicas, app } = this.#containers ?? {};
    const containers = app === undefined ? {} : { "floor:replicas": String(replicas), "floor:app": app };
    await writeFile(
      join(this.#folder, `Pulumi.${this.#checkout.stack}.yaml`),
      stringify({ config: { "floor:change": String(++this.#number), ...containers } }),
    );
  }

  /** Has the updates to come bring so many containers of the app that is live. */
  async replicas(wanted: number): Promise<void> {
    this.#containers = { replicas: wanted, app: await this.#checkout.output<string>("image") };
    await this.change();
  }

  get update(): Command {
    return {
      words: ["pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", this.#checkout.stack],
      folder: this.#folder,
      env: this.#env,
    };
  }
}
