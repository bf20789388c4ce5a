#!/bin/sh
# Builds Wasmer's C API as a static library with the headers that wasmer-go needs, once for each state of its sources,
# and prints the directory that holds them:
#
#   build.sh         builds what is not there yet: about 5 minutes
#   build.sh where   only prints the directory
#
#   include/wasmer.h        what wasmer-go includes
#   lib/libwasmer.a
#
# The directory is in the user's cache; its name tells which sources and compiler it was made from.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")

sources() {
    printf '%s\n' "$toolchain" "$(uname -sm)"
    cd "$here" && sha256sum Cargo.toml Cargo.lock build.sh src/lib.rs wasmer.h
}

key=$(sources | sha256sum | cut -c 1-16)
cached=${XDG_CACHE_HOME:-$HOME/.cache}/sealift-build/libwasmer-$key

build() {
    # The build script of wasmer-c-api wants a directory named target.
    target=$root/target/libwasmer/target
    (cd "$here" && cargo "+$toolchain" build --release --locked --target-dir "$target" >&2)
    version=$(sed -n 's/^wasmer-c-api = { version = "=\([^"]*\)".*/\1/p' "$here/Cargo.toml")
    crate=$(echo "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"wasmer-c-api-$version")

    mkdir -p "${cached%/*}"
    scratch=$(mktemp -d "$cached.XXXXXX")
    mkdir "$scratch/include" "$scratch/lib"
    cp "$target/release/libwasmer.a" "$scratch/lib/"
    cp "$crate/wasm.h" "$here/wasmer.h" "$scratch/include/"
    cp "$crate/wasmer.h" "$scratch/include/wasmer_c_api.h"
    mv -T "$scratch" "$cached" 2>/dev/null || rm -rf "$scratch" # another build was first
}

case ${1:-build} in
build) [ -d "$cached" ] || build ;;
where) ;;
*)
    echo "usage: build.sh [where]" >&2
    exit 2
    ;;
esac
echo "$cached"
