#!/bin/sh
# Prints the stamp of the sources that the module of a crate is built from, storage-wasm or another one:
#
#   stamp.sh [CRATE]
#
# It is a SHA-256 over their paths and contents, in lower-case hex. It depends on nothing else, so it tells whether an
# artifact belongs to these sources.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."
crate=${1:-storage-wasm}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

{
    printf '%s\n' Cargo.lock Cargo.toml rust-toolchain.toml storage-wasm/toolchain.sh "$crate/Cargo.toml" "$crate/build.sh"
    find "$crate/src" -type f -name '*.rs'
    find "$crate" -path '*/zstd/*' ! -path '*/fuzz/*' ! -name '*.md' -type f
} | sort | while IFS= read -r file; do
    sha256 "$file"
done | sha256 | cut -d ' ' -f 1
