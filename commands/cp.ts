/** Copies files between this machine and a container or a volume of the stack. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Command } from "commander";
import { type Address, checkEnds, type Kind, landing, meansContents, parseAddress } from "./copy/address.ts";
import { findAt, type Inside, inWords, kindAt, openInside, ownerOf } from "./copy/inside.ts";
import { choosePlace } from "./copy/places.ts";
import { sizeWords } from "./copy/progress.ts";
import { type Target, transfer } from "./copy/transfer.ts";
import { findVolumes } from "./copy/volumes.ts";
import { andThen } from "./shared/cleanUp.ts";
import { abortOnce, main, UserError } from "./shared/cli.ts";
import { archiveOf, unpackInto } from "../engine/files.ts";
import { openEngine } from "../engine/openEngine.ts";
import { containersOf } from "../engine/stackContainers.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { chooseStack, readOutputs } from "../stack/stack.ts";

const command = new Command("cp")
  .description(
    "Copies files out of or into a replica (web-1:/path), an accessory (name:/path) or a volume (volume/data:/path). See docs/guides/files.md.",
  )
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
    const owner = await openEngine(pulumi, stack);
    const [containers, outputs] = await Promise.all([containersOf(owner), readOutputs(pulumi, stack).catch(() => undefined)]);
    const known = containers.map(({ name, part, release }) => ({ name, part, live: release === "" || release === outputs?.release }));
    const volumes = await findVolumes(owner, outputs);
    const open = ({ where }: Address & { kind: "inside" }) => openInside(choosePlace(where, owner, known, volumes), owner);
    const bytes =
      from.kind === "inside"
        ? await copyOut(from, to, await open(from))
        : to.kind === "inside"
          ? await copyIn(from, to, await open(to))
          : 0;
    console.error(`Copied ${fromText} to ${toText}: ${sizeWords(bytes)} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  },
  { onSignal: () => abortOnce(ended) },
);

/** Owners and modes come along where a root copies; else all belongs to who copies, as with `tar` itself. */
function copyOut(from: Address & { kind: "inside" }, to: Address, inside: Inside): Promise<number> {
  return andThen(
    () =>
      inWords(fromText, inside, async () => {
        const { path, name, kind } = await findAt(inside.container, inside.at(from.path), fromText);
        const { signal } = ended;
        const thing = { path: from.path, name, kind };
        const lands = to.kind === "local" ? landing(thing, { path: to.path, kind: localKind(to.path) }) : undefined;
        if (lands && !existsSync(lands.folder)) throw new UserError(`there is no folder ${lands.folder} here: make it first`);
        // Last, because while it is open the engine does nothing else with the container.
        const archive = { stream: await archiveOf(inside.container, path, signal) };
        const streamed = { name: meansContents(from.path) ? "" : called(basename(path), name) };
        if (!lands) return transfer({ from: archive, to: { stream: process.stdout }, changes: streamed, signal });
        const unpack = ["tar", "--extract", "--preserve-permissions", "--numeric-owner", "--file", "-", "--directory", lands.folder];
        return transfer({ from: archive, to: { words: unpack }, changes: { name: called(basename(path), lands.name) }, signal });
      }),
    inside.close,
  );
}

/** What comes from this machine belongs to whom its new folder belongs to; an archive keeps its owners. */
async function copyIn(from: Address, to: Address & { kind: "inside" }, inside: Inside): Promise<number> {
  const { signal } = ended;
  const target = (folder: string): Target => ({ take: (archive) => unpackInto(inside.container, folder, archive, { signal }) });
  return andThen(
    () =>
      inWords(toText, inside, async () => {
        if (from.kind !== "local") return fromStandardInput(target(inside.at(to.path)));
        const kind = localKind(from.path);
        if (kind === undefined) throw new UserError(`${from.path} does not exist here`);
        const source = resolve(from.path);
        const name = basename(source);
        const lands = landing({ path: from.path, name, kind }, { path: to.path, kind: await kindAt(inside.container, inside.at(to.path)) });
        const words = ["tar", "--create", "--numeric-owner", "--file", "-", "--directory", dirname(source), "--", name];
        const owner = await ownerOf(inside.container, inside.at(lands.folder));
        const changes = { name: called(name, lands.name), owner };
        return transfer({ from: { words }, to: target(inside.at(lands.folder)), changes, signal });
      }),
    inside.close,
  );
}

async function fromStandardInput(to: Target): Promise<number> {
  const bytes = await transfer({ from: { stream: process.stdin }, to, signal: ended.signal });
  if (bytes === 0) throw new UserError("standard input was empty: nothing was copied");
  return bytes;
}

/** Another name than the one that an archive has for what it holds; undefined where it is the same. */
function called(name: string, wanted: string): string | undefined {
  return wanted === name ? undefined : wanted;
}

function localKind(path: string): Kind {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && (found.isDirectory() ? "folder" : "file");
}
