#!/bin/sh
# Builds Wasmer's C API as a static library with the headers that wasmer-go needs, once for each state of its sources,
# and prints the directory that holds them:
#
#   build.sh build [TARGET]   builds what is not there yet: about 5 minutes
#   build.sh where [TARGET]   only prints the directory
#
# TARGET is one of Rust's, such as aarch64-unknown-linux-gnu; without it, the library is for this machine. The C
# compiler and the linker for TARGET are named in variables such as CC_aarch64_unknown_linux_gnu and
# CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER. In the directory are
#
#   include/wasmer.h        what wasmer-go includes
#   lib/libwasmer.a
#
# The directory is in the user's cache; its name tells which sources and compiler it was made from.
set -eu
export LC_ALL=C

command=${1:-build} target=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")

sources() {
    printf '%s\n' "$toolchain" "$(uname -sm)" "$target"
    cd "$here" && sha256sum Cargo.toml Cargo.lock build.sh src/lib.rs wasmer.h
}

key=$(sources | sha256sum | cut -c 1-16)
cached=${XDG_CACHE_HOME:-$HOME/.cache}/sealift-build/libwasmer-$key

build() {
    # The build script of wasmer-c-api wants a directory named target.
    built=$root/target/libwasmer/target
    set -- --release --locked --target-dir "$built"
    if [ -n "$target" ]; then
        rustup target add --toolchain "$toolchain" "$target" >&2
        set -- "$@" --target "$target"
    fi
    (cd "$here" && cargo "+$toolchain" build "$@" >&2)
    version=$(sed -n 's/^wasmer-c-api = { version = "=\([^"]*\)".*/\1/p' "$here/Cargo.toml")
    crate=$(echo "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"wasmer-c-api-$version")

    mkdir -p "${cached%/*}"
    scratch=$(mktemp -d "$cached.XXXXXX")
    mkdir "$scratch/include" "$scratch/lib"
    cp "$built/$target/release/libwasmer.a" "$scratch/lib/"
    cp "$crate/wasm.h" "$here/wasmer.h" "$scratch/include/"
    cp "$crate/wasmer.h" "$scratch/include/wasmer_c_api.h"
    mv -T "$scratch" "$cached" 2>/dev/null || rm -rf "$scratch" # another build was first
}

case $command in
build) [ -d "$cached" ] || build ;;
where) ;;
*)
    echo "usage: build.sh [build|where [TARGET]]" >&2
    exit 2
    ;;
esac
echo "$cached"
