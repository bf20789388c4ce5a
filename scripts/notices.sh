#!/usr/bin/env bash
# Prints what goes with a binary that is given to others: the licences of all that it contains.
#
#   notices.sh BINARY
#
# Go's modules are those that the binary itself names; if wasmer is among them, the crates of storage-wasm/libwasmer follow.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:?usage: notices.sh BINARY}

# texts DIRECTORY prints the licence files in it.
texts() {
  find "$1" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'unlicense*' \) |
    sort | while read -r file; do
    printf '\n%s:\n\n' "${file##*/}"
    cat "$file"
  done
}

cat "$here/LICENSE" "$here/NOTICE"

modules=$(go version -m "$binary" | awk '$1 == "dep" {module = $2 "@" $3} $1 == "=>" {module = $2 "@" $3}
  $1 == "dep" || $1 == "=>" {lines[n += $1 == "dep"] = module} END {for (i = 1; i <= n; i++) print lines[i]}')
printf '\n--- Go %s\n' "$(go version "$binary" | awk '{print $NF}')"
texts "$(go env GOROOT)"
for module in $modules; do
  printf '\n--- %s\n' "$module"
  texts "$(go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')"
done

grep -q wasmer-go <<<"$modules" || exit 0
printf '\n--- the C library of the machine that this was built on, linked statically\n'
crates=$here/storage-wasm/libwasmer/Cargo.toml
cargo fetch --quiet --locked --manifest-path "$crates"
cargo tree --locked --edges normal --prefix none --format '{p} {l}' --manifest-path "$crates" |
  sed -n 's/ (\*)$//; s/ v\([0-9]\)/ \1/p' | sort -u | while read -r name version licence; do
  printf '\n--- crate %s %s: %s\n' "$name" "$version" "$licence"
  for directory in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version"; do
    [ ! -d "$directory" ] || texts "$directory"
  done
done
