#!/usr/bin/env bash
# Fails when storage.wasm was built from other sources than those that are here: then run `make wasm`.
set -euo pipefail
cd "$(dirname "$0")/.."

record=sealer-plugin/codec/artifact/storage.wasm.json
field() { sed -n "s/.*\"$1\": *\"\([0-9a-f]*\)\".*/\1/p" "$record"; }

sources=$(storage-wasm/stamp.sh)
if [ "$(field stamp)" != "$sources" ]; then
  echo "storage.wasm was built from sources with stamp $(field stamp), but theirs is $sources: run \`make wasm\`" >&2
  exit 1
fi
if ! echo "$(field sha256)  ${record%.json}" | sha256sum --check --status; then
  echo "storage.wasm is not the file that $record describes: run \`make wasm\`" >&2
  exit 1
fi
echo "storage.wasm has the stamp of its sources: $sources"
