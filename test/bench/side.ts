/** One of those that are compared. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SideName } from "./figures.ts";
import type { Command } from "./measure.ts";

export interface Side {
  readonly name: SideName;
  /** Where its app answers. */
  readonly url: string;
  /** Brings the app live as it is. */
  readonly update: Command;
  /** Says how it is. */
  readonly status: Command;
  /** Changes one byte of the app, so that the next update is a release. */
  change(): Promise<void>;
  /** Has the next update bring so many replicas live. */
  replicas(wanted: number): Promise<void>;
  /** Keeps it from using the processors while another one is measured, and lets it go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Removes all that it made. */
  remove(): Promise<void>;
}

const FILE = "src/server.ts";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Changes one byte of the app in a folder at a time, and never comes back to a text that the engine has built before. */
export class Editions {
  readonly #file: string;
  #salt = randomBytes(4).toString("hex");
  #next = 0;

  /** @param app folder of the app */
  constructor(app: string) {
    this.#file = join(app, FILE);
  }

  async change(): Promise<void> {
    const letter = LETTERS[this.#next++];
    if (letter === undefined) {
      [this.#salt, this.#next] = [randomBytes(4).toString("hex"), 0];
      return this.change();
    }
    const text = (await readFile(this.#file, "utf8")).replace(/^\/\/ edition .*\n/, "");
    await writeFile(this.#file, `// edition ${this.#salt}${letter}\n${text}`);
  }
}
