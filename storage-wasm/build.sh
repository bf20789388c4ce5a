#!/bin/sh
# Builds storage.wasm, and tells whether the committed one belongs to these sources.
#
#   build.sh         builds the module and writes it, with its stamp file, to sealer-plugin/codec/artifact;
#                    on Debian as root, installs what is missing
#   build.sh check   fails if the artifact was built from other sources; where the compilers that it was
#                    built with are at hand, builds it again and compares the bytes; installs nothing
#
# zstd, which is C, is compiled by clang, with the changes that zstd/README.md describes; toolchain.sh says what compiles
# the Rust.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
artifact=$root/sealer-plugin/codec/artifact
clang=clang-22
exports='abi_version arena arena_size stamp split compress restore delta patch deflate_open deflate'
stack_size=262144

. "$root/storage-wasm/toolchain.sh"

has_clang() { command -v "$clang" >/dev/null; }
has_patch() { command -v patch >/dev/null; }

# Everything that decides which bytes come out of the same sources, as members of a JSON object.
compilers() {
    rust_versions
    printf '  "clang": "%s",\n' "$("$clang" --version | head -n 1)"
}

# Compiles the crate in the target directory $1 and links the module to the file $2.
build_module() {
    export CC_wasm32_unknown_unknown="$clang" AR_wasm32_unknown_unknown=ar
    # Cargo compiles zstd again when the flags change, so the directory has the name of what is in it.
    zstd=$1/zstd-$(cat "$root"/storage-wasm/zstd/patch.sh "$root"/storage-wasm/zstd/wasm32.patch | sha256 | cut -c 1-16)
    "$root/storage-wasm/zstd/patch.sh" "$zstd"
    export CFLAGS_wasm32_unknown_unknown="-msimd128 -mbulk-memory -ivfsoverlay '$zstd/overlay.yaml'" CC_SHELL_ESCAPED_FLAGS=1
    STORAGE_WASM_STAMP=$("$root/storage-wasm/stamp.sh")
    export STORAGE_WASM_STAMP
    compile_crate storage-wasm "$1"
    grep -q ZSTD_row_touched "$1/$target/release/libstorage.a" || fail 'zstd was compiled without its changes'
    # shellcheck disable=SC2086 # the names are words
    link_module "$1/$target/release/libstorage.a" "$2" "$stack_size" $exports
}

locked_version() {
    sed -n "/^name = \"$1\"$/{n;s/^version = \"\(.*\)\"$/\1/p;}" "$root/Cargo.lock"
}

# Describes the module $1.
describe() {
    printf '{\n'
    printf '  "stamp": "%s",\n' "$("$root/storage-wasm/stamp.sh")"
    printf '  "abi": %s,\n' "$(sed -n 's/^pub const ABI_VERSION: i64 = \(.*\);$/\1/p' "$root/storage-wasm/src/lib.rs")"
    printf '  "sha256": "%s",\n' "$(sha256 "$1")"
    compilers
    printf '  "crates": {\n'
    printf '    "blake3": "%s",\n' "$(locked_version blake3)"
    printf '    "fastcdc": "%s",\n' "$(locked_version fastcdc)"
    printf '    "zstd-safe": "%s",\n' "$(locked_version zstd-safe)"
    printf '    "zstd-sys": "%s"\n' "$(locked_version zstd-sys)"
    printf '  }\n}\n'
}

build() {
    install_rust
    need has_clang "$clang"
    need has_patch patch
    mkdir -p "$artifact"
    build_module "$root/target" "$artifact/storage.wasm"
    describe "$artifact/storage.wasm" >"$artifact/storage.wasm.json"
    echo "$artifact/storage.wasm: $(wc -c <"$artifact/storage.wasm") bytes, stamp $("$root/storage-wasm/stamp.sh")"
}

# The string member $1 of the artifact's stamp file.
recorded() {
    sed -n "s/^  \"$1\": \"\(.*\)\",$/\1/p" "$artifact/storage.wasm.json"
}

check() {
    stamp=$("$root/storage-wasm/stamp.sh")
    [ "$(recorded stamp)" = "$stamp" ] ||
        fail "storage.wasm was built from other sources: its stamp is $(recorded stamp), theirs is $stamp; run 'make wasm'"
    [ "$(recorded sha256)" = "$(sha256 "$artifact/storage.wasm")" ] ||
        fail "storage.wasm is not the file that storage.wasm.json describes; run 'make wasm'"
    echo "storage.wasm belongs to these sources: stamp $stamp"

    if ! { has_rustup_std || has_debian_rust; } || ! has_clang || ! has_patch ||
        [ "$(compilers)" != "$(sed -n '/^  "\(rustc\|cargo\|clang\)": /p' "$artifact/storage.wasm.json")" ]; then
        echo 'it was not built again: the compilers are others than those it was built with'
        return
    fi
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    build_module "$scratch" "$scratch/storage.wasm"
    cmp "$scratch/storage.wasm" "$artifact/storage.wasm" ||
        fail 'built again with the same compilers, storage.wasm comes out differently'
    echo 'built again with the same compilers, it comes out the same'
}

case ${1:-build} in
build) build ;;
check) check ;;
*) fail "usage: build.sh [check]" ;;
esac
