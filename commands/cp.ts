/** Copies files between this machine and a container or a volume of the stack. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Command } from "commander";
import type { Changes } from "../steps/archive.ts";
import { type Address, checkEnds, type Kind, type Landing, landing, meansContents, parseAddress } from "./copy/address.ts";
import { type Inside, inWords, kindAt, openInside, ownerOf } from "./copy/inside.ts";
import { choosePlace } from "./copy/places.ts";
import { sizeWords } from "./copy/progress.ts";
import { type End, transfer } from "./copy/transfer.ts";
import { findVolumes } from "./copy/volumes.ts";
import { abortOnce, main, UserError } from "./shared/cli.ts";
import { containersOf, openEngine } from "./shared/docker.ts";
import { openPulumi } from "./shared/pulumiCli.ts";
import { chooseStack, readOutputs } from "./shared/stack.ts";

const command = new Command("cp")
  .description("Copies files out of or into a replica (web-1:/path), an accessory (name:/path) or a volume (volume/data:/path). See docs/guides/files.md.")
  .argument("<from>", "what to copy: a path here, where:/path, or - for a tar archive on standard input")
  .argument("<to>", "where to: a path here, where:/path, or - for a tar archive on standard output")
  .option("-s, --stack <name>", "stack to copy from or to (default: the selected one, else dev)")
  .parse();
const [fromText = "", toText = ""] = command.args;

const ended = new AbortController();
const started = Date.now();

await main(
  async () => {
    const [from, to] = [parseAddress(fromText), parseAddress(toText)];
    checkEnds(from, to);
    const pulumi = await openPulumi();
    const stack = await chooseStack(pulumi, command.opts<{ stack?: string }>().stack);
    const owner = await openEngine(pulumi.root, stack);
    const [containers, outputs] = await Promise.all([containersOf(owner), readOutputs(pulumi, stack).catch(() => undefined)]);
    const known = containers.map(({ name, part, release }) => ({ name, part, live: release === "" || release === outputs?.release }));
    const volumes = await findVolumes(owner, outputs);
    const open = ({ where }: Address & { kind: "inside" }) => openInside(choosePlace(where, owner, known, volumes), owner);
    const bytes = from.kind === "inside" ? await copyOut(from, to, await open(from)) : to.kind === "inside" ? await copyIn(from, to, await open(to)) : 0;
    console.error(`Copied ${fromText} to ${toText}: ${sizeWords(bytes)} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  },
  { onSignal: () => abortOnce(ended) },
);

/** Owners and modes come along where a root copies; else all belongs to who copies, as with `tar` itself. */
async function copyOut(from: Address & { kind: "inside" }, to: Address, inside: Inside): Promise<number> {
  const path = inside.at(from.path).replace(/\/\.?$/, "") || "/";
  const words = ["docker", "cp", `${inside.container}:${path}`, "-"];
  try {
    return await inWords(fromText, inside, async () => {
      if (to.kind !== "local") return transfer({ from: { words }, to: { stream: process.stdout as unknown as Readable & Writable }, changes: { name: meansContents(from.path) ? "" : undefined }, signal: ended.signal });
      const kind = await kindAt(inside.container, path);
      if (kind === undefined) throw new UserError("no such file or directory");
      const name = basename(path);
      const lands = landing({ path: from.path, name, kind }, { path: to.path, kind: localKind(to.path) });
      if (!existsSync(lands.folder)) throw new UserError(`there is no folder ${lands.folder} here: make it first`);
      const unpack = ["tar", "--extract", "--preserve-permissions", "--numeric-owner", "--file", "-", "--directory", lands.folder];
      return transfer({ from: { words }, to: { words: unpack }, changes: renaming(name, lands), signal: ended.signal });
    });
  } finally {
    await inside.close();
  }
}

/** What comes from this machine belongs to whom its new folder belongs to; an archive keeps its owners. */
async function copyIn(from: Address, to: Address & { kind: "inside" }, inside: Inside): Promise<number> {
  const target = (folder: string): End => ({ words: ["docker", "cp", "-", `${inside.container}:${folder}`] });
  try {
    return await inWords(toText, inside, async () => {
      if (from.kind !== "local") return transfer({ from: { stream: process.stdin as unknown as Readable & Writable }, to: target(inside.at(to.path)), signal: ended.signal });
      const kind = localKind(from.path);
      if (kind === undefined) throw new UserError(`${from.path} does not exist here`);
      const source = resolve(from.path);
      const name = basename(source);
      const lands = landing({ path: from.path, name, kind }, { path: to.path, kind: await kindAt(inside.container, inside.at(to.path)) });
      const words = ["tar", "--create", "--numeric-owner", "--file", "-", "--directory", dirname(source), "--", name];
      return transfer({ from: { words }, to: target(inside.at(lands.folder)), changes: { ...renaming(name, lands), owner: await ownerOf(inside.container, inside.at(lands.folder)) }, signal: ended.signal });
    });
  } finally {
    await inside.close();
  }
}

function renaming(name: string, lands: Landing): Changes {
  return { name: lands.name === name ? undefined : lands.name };
}

function localKind(path: string): Kind {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && (found.isDirectory() ? "folder" : "file");
}
