#!/bin/sh
# Packs the app's packages into vendor.tar, for builds that reach no package registry: `sh vendor.sh`.
# The archive holds npm's cache and the two settings that make `npm ci` use it; the Dockerfile unpacks it.
set -eu
cd "$(dirname "$0")"

rm -rf vendor
mkdir vendor
cp package.json package-lock.json vendor/
(
  cd vendor
  npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache npm-cache
  printf 'cache=npm-cache\noffline=true\n' > .npmrc
  tar -cf ../vendor.tar .npmrc npm-cache
)
rm -rf vendor
echo "vendor.tar is ready. Delete it, or run this again, when package-lock.json changes."
