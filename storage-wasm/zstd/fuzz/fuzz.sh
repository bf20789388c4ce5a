#!/bin/sh
# Fuzzes zstd with wasm32.patch, compiled for a 32-bit x86, which like wasm32 has a size_t of 4 bytes, under
# AddressSanitizer and UndefinedBehaviorSanitizer, and compares what it gives with stock zstd:
#
#   fuzz.sh DIRECTORY [ARGUMENT OF LIBFUZZER...]
#
# builds in DIRECTORY and collects its corpus there. On Debian it needs clang-22, libclang-rt-22-dev and g++-multilib.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
[ $# -ge 1 ] || { echo 'usage: fuzz.sh DIRECTORY [ARGUMENT OF LIBFUZZER...]' >&2; exit 1; }
mkdir -p "$1/corpus"
cd "$1"
shift

cargo build --quiet --locked --release --manifest-path "$root/Cargo.toml" --package storage-wasm --example routines \
    --target-dir "$root/target"
cp "$root/target/release/examples/routines" .
"$here/../patch.sh" .
# zstd shifts pointers out of bounds and uses structures that are aligned to 4 bytes on purpose.
sanitizers='address,undefined -fno-sanitize=pointer-overflow,alignment -fno-sanitize-recover=undefined'
# shellcheck disable=SC2086 # the sanitizers are words
clang-22 -m32 -O1 -g -DXXH_PRIVATE_API= -Ilib -fsanitize=fuzzer,$sanitizers \
    "$here/fuzz.c" lib/common/*.c lib/compress/*.c lib/decompress/*.c -o fuzz
exec ./fuzz corpus -max_len=300000 "$@"
