#!/usr/bin/env bash
# Fails when built files were built from other sources than those that are here: modules (then run `make wasm`), or the
# native code that is compiled from them (then run `make aot`).
set -euo pipefail
cd "$(dirname "$0")/.."

# field NAME FILE prints a field of a record.
field() { sed -n "s/.*\"$1\": *\"\([0-9a-f]*\)\".*/\1/p" "$2"; }

# is FILE SHA256 says whether it is that file.
is() { echo "$2  $1" | sha256sum --check --status; }

die() {
  echo "$*" >&2
  exit 1
}

# check_module WASM CRATE
check_module() {
  local wasm=$1 sources stamp
  sources=$(storage-wasm/stamp.sh "$2")
  stamp=$(field stamp "$wasm.json")
  [ "$stamp" = "$sources" ] ||
    die "$wasm was built from sources with stamp $stamp, but theirs is $sources: run \`make wasm\`"
  is "$wasm" "$(field sha256 "$wasm.json")" || die "$wasm is not the file that its record describes: run \`make wasm\`"
  echo "$wasm has the stamp of its sources: $sources"
}

# check_native WASM
check_native() {
  local wasm=$1 variant code
  for variant in x86-64-v2 x86-64-v3 x86-64-v4 aarch64; do
    code=${wasm%.wasm}.$variant
    is "$wasm" "$(field wasm_sha256 "$code.json")" || die "$code was compiled from another module: run \`make aot\`"
    is "$code.wasmu.zst" "$(field sha256 "$code.json")" ||
      die "$code.wasmu.zst is not the file that its record describes: run \`make aot\`"
  done
  echo "its native code was compiled from this module"
}

for module in sealer-plugin/codec/artifact/storage.wasm:storage-wasm examples/sum/artifact/sum.wasm:examples/sum; do
  check_module "${module%:*}" "${module#*:}"
  check_native "${module%:*}"
done
