#!/bin/sh
# Compiles modules to native code with Wasmer and LLVM, and writes that with its records beside each module. On Debian
# as root, installs what is missing.
#
#   build.sh [MODULE.wasm...]   without arguments: storage.wasm, the module that the tests of the codec trap in, and the
#                               module of examples/sum
#
# Run it whenever a module was built anew: about 10 minutes the first time, then seconds.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
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

if [ $# = 0 ]; then
    set -- "$root/sealer-plugin/codec/artifact/storage.wasm" "$root/sealer-plugin/codec/testdata/trap.wasm" \
        "$root/examples/sum/artifact/sum.wasm"
fi
for module in "$@"; do
    LLVM_SYS_221_PREFIX=$llvm cargo "+$toolchain" run --quiet --release --locked --manifest-path "$here/Cargo.toml" \
        --target-dir "$root/target/aot" -- "$module" "$(dirname "$module")"
done
