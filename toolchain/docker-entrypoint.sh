#!/bin/sh
# Entry point of the base image built from packages. As in the official image, arguments that are no program of the
# image (an option, a script) go to node.
set -e
case "$1" in
  -*) set -- node "$@" ;;
  *)
    if ! command -v "$1" >/dev/null || { [ -f "$1" ] && [ ! -x "$1" ]; }; then
      set -- node "$@"
    fi
    ;;
esac
exec "$@"
