/**
 * The guides in docs/guides as tests follow them. A fence marked `sh` holds commands, one marked `yaml` a stack's
 * configuration; all other fences and indented lines are for reading only.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Checkout, Ran } from "./checkout.ts";

export interface Block {
  /** The heading that it stands under, without its marks. */
  readonly heading: string;
  readonly kind: "sh" | "yaml";
  readonly text: string;
}

/** The marked fences of a page, in their order. Pure. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open: { fence: string; kind: string; lines: string[] } | undefined;
  for (const line of page.split("\n")) {
    const [, fence = "", kind = ""] = /^(```+)(\w*)\s*$/.exec(line) ?? [];
    if (open && fence === open.fence && kind === "") {
      if (open.kind === "sh" || open.kind === "yaml") blocks.push({ heading, kind: open.kind, text: open.lines.join("\n") });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { fence, kind, lines: [] };
    else if (/^#+ /.test(line)) heading = line.replace(/^#+ /, "");
  }
  if (open) throw new Error(`the fence below "${heading}" has no end`);
  return blocks;
}

/** One guide, followed in one checkout. At the end, `left` must be empty: each command of the page has been run. */
export class Guide {
  private readonly blocks: readonly Block[];
  private readonly followed = new Set<Block>();
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
    this.blocks = blocksOf(readFileSync(file, "utf8"));
  }

  /**
   * Runs the commands under a heading, one shell for each block, in the checkout and on its stack. The shell stops at the
   * first command that fails. @param values what takes the place of words such as `<release>`
   */
  async run(app: Checkout, heading: string, values: Readonly<Record<string, string>> = {}): Promise<Ran[]> {
    const results: Ran[] = [];
    for (const block of this.under(heading, "sh")) {
      this.followed.add(block);
      const text = Object.entries(values).reduce((all, [name, value]) => all.replaceAll(name, value), block.text);
      const docker = /\bdocker /.test(text) ? [`PATH=${process.env["PATH"]}`] : []; // which a person has
      results.push(await app.exec("env", [...docker, `PULUMI_STACK=${app.stack}`, "sh", "-e", "-c", text])); // what `pulumi stack select` would do for everyone
    }
    return results;
  }

  /** The configuration under a heading, without the namespace, as `Checkout.configure` takes it. */
  config(heading: string): Record<string, unknown> {
    const texts = this.under(heading, "yaml").map((block) => (parse(block.text) as { config: Record<string, unknown> }).config);
    return Object.fromEntries(texts.flatMap((config) => Object.entries(config).map(([key, value]) => [key.replace(/^berth:/, ""), value])));
  }

  /** The commands that nobody has run yet, each with its heading. */
  left(): string[] {
    return this.blocks
      .filter((block) => block.kind === "sh" && !this.followed.has(block))
      .map(({ heading, text }) => `${heading}: ${text}`);
  }

  private under(heading: string, kind: Block["kind"]): Block[] {
    const found = this.blocks.filter((block) => block.heading === heading && block.kind === kind);
    if (found.length === 0) throw new Error(`${this.file} has no ${kind} fence below "${heading}"`);
    return found;
  }
}
