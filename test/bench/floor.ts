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

  private constructor(checkout: Checkout, folder: string, env: NodeJS.ProcessEnv) {
    [this.#checkout, this.#folder, this.#env] = [checkout, folder, env];
  }

  /** Makes the stack, whose state and files go with the checkout; the program leaves nothing on the engine. */
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

  /** Has the next update run the command. */
  async change(): Promise<void> {
    await writeFile(
      join(this.#folder, `Pulumi.${this.#checkout.stack}.yaml`),
      stringify({ config: { "floor:change": String(++this.#number) } }),
    );
  }

  get update(): Command {
    return {
      words: ["pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", this.#checkout.stack],
      folder: this.#folder,
      env: this.#env,
    };
  }
}
