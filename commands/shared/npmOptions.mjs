// Options that stand before `--` in `npm run up --stack=prod`: npm takes them for its own, and the command never sees
// them. Plain JavaScript without dependencies, as run.mjs is.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The long options of all commands, apart from --save, which is npm's own and its default: npm does not tell of it. */
export const OPTIONS = [
  "accept",
  "back-off",
  "backup",
  "cells",
  "coverage",
  "detach",
  "due",
  "durability",
  "endurance",
  "engine",
  "fault",
  "follow",
  "gateway",
  "init",
  "json",
  "kept",
  "long",
  "once",
  "outputs",
  "parts",
  "plan",
  "questions",
  "restarts",
  "runs",
  "seed",
  "sequences",
  "stack",
  "step",
  "stop-engine",
  "tail",
  "to",
  "wait",
  "with-data",
  "yes",
];

/** What npm 11 makes of an option that it takes for the beginning of a longer one, or for several short ones in one. */
const READ_AS = { engine: "engine_strict", to: "token_description", plan: "parseable" };

/**
 * The line that was meant, where npm has kept options of it for itself; else undefined. An option that is also among the
 * command's own words, or that the user has set for npm in a file or an upper-case variable, is none of it.
 * @param {string} verb
 * @param {readonly string[]} args what npm has left for the command
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root folder of package.json
 * @returns {string | undefined}
 */
export function lineMeant(verb, args, env, root) {
  if (!env.npm_lifecycle_event) return undefined;
  const kept = OPTIONS.flatMap((option) => {
    const name = [option.replaceAll("-", "_"), READ_AS[option]].find((key) => key && env[`npm_config_${key}`]);
    if (!name || args.some((word) => word === `--${option}` || word.startsWith(`--${option}=`)) || isSetForNpm(name, env, root)) return [];
    const value = env[`npm_config_${name}`];
    return [`--${option}`, ...(value === "true" ? [] : [value])];
  });
  if (kept.includes("--plan")) kept.splice(0, kept.length, ...kept.filter((word) => word !== "--long")); // -l, of -p -l -a -n
  return kept.length > 0 ? ["npm run", verb, "--", ...kept, ...args].join(" ") : undefined;
}

function isSetForNpm(name, env, root) {
  if (env[`NPM_CONFIG_${name.toUpperCase()}`] !== undefined) return true;
  const line = new RegExp(`^\\s*${name.replaceAll("_", "[-_]")}\\s*(?:=\\s*(.*?)\\s*)?$`, "m");
  const files = [env.npm_config_userconfig, env.npm_config_globalconfig, join(root, ".npmrc")].filter(Boolean);
  return files.map((file) => line.exec(textOf(file))).some((found) => found && (found[1] ?? "true") === env[`npm_config_${name}`]);
}

function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
