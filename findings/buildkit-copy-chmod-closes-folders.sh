#!/usr/bin/env bash
# Guess:    `COPY --chmod=0644 a.txt /made/a.txt` gives the file 0644, and the folder /made, which nobody named, 0755 as ever.
# Happens:  the folder gets the 0644 as well, at every depth that the builder makes by itself: nobody but root can enter it, and a
#           program that runs as another user is told that there is no such file. Without --chmod, or after a WORKDIR, it is 0755.
# Versions: BuildKit 0.33.0, which is in moby 2.0.0-beta.24. (The builder of Docker Engine 20.10.24 makes the folder 0755.)
# Matters:  an image that ran for years, built again on a new engine, ends with "Cannot find module" or "Permission denied".
# Needs:    Go, runc on PATH, and root.
set -euo pipefail
command -v runc >/dev/null && command -v go >/dev/null || { echo "needs go and runc"; exit 3; }
dir=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon" || true; }; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module finding
go 1.25.0
require github.com/moby/buildkit v0.33.0
MOD
cat >tools.go <<'TOOLS'
//go:build tools
package finding
import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
TOOLS
{ go mod tidy && CGO_ENABLED=0 go build -o bin/ github.com/moby/buildkit/cmd/buildctl github.com/moby/buildkit/cmd/buildkitd; } >go.log 2>&1 ||
  { tail -5 go.log; exit 3; }
mkdir context root
echo text >context/a.txt
cat >context/Dockerfile <<'FILE'
FROM scratch
COPY --chmod=0644 a.txt /made/deep/a.txt
COPY a.txt /plain/a.txt
WORKDIR /named
COPY --chmod=0644 a.txt ./
FILE
bin/buildkitd --root "$dir/root" --addr "unix://$dir/s" --oci-worker-net host --oci-worker-snapshotter native --containerd-worker=false >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 100); do [ -S s ] && break; sleep 0.1; done
bin/buildctl --addr "unix://$dir/s" build --frontend dockerfile.v0 --local context=context --local dockerfile=context --output type=tar,dest=out.tar >build.log 2>&1 ||
  { cat build.log; exit 3; }
mode() { tar tvf out.tar | awk -v name="$1" '$NF == name { print $1 }'; }
echo "made/: $(mode made/), made/deep/: $(mode made/deep/), plain/: $(mode plain/), named/: $(mode named/)"
[ "$(mode made/)" = drw-r--r-- ] && [ "$(mode made/deep/)" = drw-r--r-- ] && [ "$(mode plain/)" = drwxr-xr-x ] && [ "$(mode named/)" = drwxr-xr-x ]
