#!/bin/sh
# slipway <program> [arguments]: runs a program of the service in this image.
set -eu
folder=/opt/slipway/dist
if [ ! -f "$folder/${1:-}.js" ]; then
  echo "usage: slipway $(cd "$folder" && ls -- *.js | sed 's/\.js$//' | tr '\n' '|' | sed 's/|$//')" >&2
  exit 2
fi
program=$folder/$1.js
shift
exec node --enable-source-maps "$program" "$@"
