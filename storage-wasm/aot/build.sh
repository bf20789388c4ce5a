#!/bin/sh
# Compiles storage.wasm to native code with Wasmer and LLVM, and writes that with its records beside storage.wasm. Does
# the same with the module that the tests of the codec trap in. On Debian as root, installs what is missing.
#
# Run it whenever storage.wasm was built anew: about 10 minutes the first time, then seconds.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
codec=$root/sealer-plugin/codec
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")
llvm=/usr/lib/llvm-22
packages='llvm-22-dev libpolly-22-dev libzstd-dev zlib1g-dev g++'

# shellcheck disable=SC2086 # the packages are words
if ! dpkg -s $packages >/dev/null 2>&1; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "build.sh: please install: $packages" >&2
        exit 1
    fi
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >&2
fi

aot() {
    (cd "$here" && LLVM_SYS_221_PREFIX=$llvm cargo "+$toolchain" run --quiet --release --locked \
        --target-dir "$root/target/aot" -- "$@")
}

aot "$codec/artifact/storage.wasm" "$codec/artifact"
aot "$codec/testdata/trap.wasm" "$codec/testdata"
