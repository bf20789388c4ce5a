#!/usr/bin/env bash
# Fails when built files were built from other sources than those that are here: storage.wasm (then run `make wasm`), or
# the native code that is compiled from it (then run `make aot`).
set -euo pipefail
cd "$(dirname "$0")/.."

artifact=sealer-plugin/codec/artifact

# field NAME FILE prints a field of a record.
field() { sed -n "s/.*\"$1\": *\"\([0-9a-f]*\)\".*/\1/p" "$2"; }

# is FILE SHA256 says whether it is that file.
is() { echo "$2  $1" | sha256sum --check --status; }

die() {
  echo "$*" >&2
  exit 1
}

wasm=$artifact/storage.wasm
sources=$(storage-wasm/stamp.sh)
stamp=$(field stamp $wasm.json)
[ "$stamp" = "$sources" ] ||
  die "$wasm was built from sources with stamp $stamp, but theirs is $sources: run \`make wasm\`"
is $wasm "$(field sha256 $wasm.json)" || die "$wasm is not the file that its record describes: run \`make wasm\`"
echo "storage.wasm has the stamp of its sources: $sources"

for variant in x86-64-v2 x86-64-v3 aarch64; do
  code=$artifact/storage.$variant
  is $wasm "$(field wasm_sha256 "$code.json")" || die "$code was compiled from another storage.wasm: run \`make aot\`"
  is "$code.wasmu.zst" "$(field sha256 "$code.json")" ||
    die "$code.wasmu.zst is not the file that its record describes: run \`make aot\`"
done
echo "the native code was compiled from this storage.wasm"
