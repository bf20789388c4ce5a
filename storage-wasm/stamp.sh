#!/bin/sh
# Prints the stamp of the sources that storage.wasm is built from: a SHA-256 over their paths and contents,
# in lower-case hex. It depends on nothing else, so it tells whether an artifact belongs to these sources.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

{
    printf '%s\n' Cargo.lock Cargo.toml rust-toolchain.toml storage-wasm/Cargo.toml storage-wasm/build.sh
    find storage-wasm/src -type f -name '*.rs'
} | sort | while IFS= read -r file; do
    sha256 "$file"
done | sha256 | cut -d ' ' -f 1
