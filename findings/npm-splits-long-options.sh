#!/usr/bin/env bash
# Guess:    npm run x --plan=12 (without --) warns of an unknown option and sets npm_config_plan=12, as --stack=prod does.
# Happens:  npm reads --plan as -p -l -a -n: npm_config_parseable, npm_config_long and npm_config_all are set, 12 is handed to
#           the script as a word, and nothing is said. --to=abc becomes npm_config_token_description, --engine=x
#           npm_config_engine_strict=true and the word x (both with a warning). --save leaves no trace, since it is npm's default.
# Versions: npm 11.19.1, Node 20.20.2.
# Matters:  a script that looks for options that npm has kept by their names (npm_config_<option>) misses these.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts npm@11.19.1 >npm.log 2>&1 || { cat npm.log; exit 3; }
cat >say.cjs <<'JS'
const names = ["plan", "parseable", "long", "all", "to", "token_description", "engine", "engine_strict", "stack"];
const set = names.filter((name) => process.env["npm_config_" + name]).map((name) => name + "=" + process.env["npm_config_" + name]);
console.log([...set, ...process.argv.slice(2)].join(" "));
JS
npm pkg set scripts.say="node say.cjs"
said() { env -u npm_config_engine_strict node node_modules/npm/bin/npm-cli.js run --silent say "$1" 2>/dev/null; }
node node_modules/npm/bin/npm-cli.js --version
stack=$(said --stack=prod); plan=$(said --plan=12); to=$(said --to=abc); engine=$(said --engine=x)
printf '%s\n' "--stack=prod: $stack" "--plan=12: $plan" "--to=abc: $to" "--engine=x: $engine"
[ "$stack" = "stack=prod" ] && [ "$plan" = "parseable=true long=true all=true 12" ] && [ "$to" = "token_description=abc" ] && [ "$engine" = "engine_strict=true x" ]
