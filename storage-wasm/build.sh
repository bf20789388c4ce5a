#!/bin/sh
# Builds storage.wasm, and tells whether the committed one belongs to these sources.
#
#   build.sh         builds the module and writes it, with its stamp file, to sealer-plugin/codec/artifact;
#                    on Debian as root, installs what is missing
#   build.sh check   fails if the artifact was built from other sources; where the compilers that it was
#                    built with are at hand, builds it again and compares the bytes; installs nothing
#
# The Rust compiler is the one that rust-toolchain.toml names, with rustup's standard library for wasm32. Where
# that cannot be downloaded, Debian's compiler builds a standard library from Debian's sources.
# STORAGE_WASM_COMPILER=rustup or debian asks for one of them. zstd, which is C, is compiled by clang.
set -eu
export LC_ALL=C

root=$(cd "$(dirname "$0")/.." && pwd)
artifact=$root/sealer-plugin/codec/artifact
target=wasm32-unknown-unknown
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")
clang=clang-22
exports='abi_version arena arena_size stamp split compress restore'
stack_size=262144

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

# The first argument is a command that tells whether the Debian packages, the other arguments, are there.
need() {
    there=$1
    shift
    $there && return
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || fail "please install: $*"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

has_clang() { command -v "$clang" >/dev/null; }
has_rustup_std() { [ -d "$(rustup run "$toolchain" rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; }
has_debian_rust() { [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src/rust/library/std ]; }

install_missing() {
    command -v rustup >/dev/null || fail 'rustup is missing, see https://rustup.rs'
    rustup run "$toolchain" rustc --version >/dev/null 2>&1 ||
        rustup toolchain install "$toolchain" --profile minimal >&2
    need has_clang "$clang"
    if [ "${STORAGE_WASM_COMPILER:-rustup}" = rustup ] && ! has_rustup_std; then
        timeout 120 rustup target add --toolchain "$toolchain" "$target" >&2 || true
    fi
    [ "$(compiler)" = rustup ] || need has_debian_rust rustc-web rust-web-src
}

# Which of the two Rust compilers to use. rustup's own one is always named explicitly, and so is Debian's: which
# one a plain "rustc" means depends on PATH.
compiler() {
    if [ -n "${STORAGE_WASM_COMPILER:-}" ]; then
        echo "$STORAGE_WASM_COMPILER"
    elif has_rustup_std; then
        echo rustup
    else
        echo debian
    fi
}

rustc_version() {
    case $(compiler) in
    rustup) rustup run "$toolchain" rustc --version ;;
    debian) echo "$(/usr/bin/rustc --version), Debian $(dpkg-query -W -f '${Version}' rustc-web)" ;;
    *) fail "STORAGE_WASM_COMPILER is neither rustup nor debian" ;;
    esac
}

# Everything that decides which bytes come out of the same sources, as members of a JSON object.
compilers() {
    printf '  "rustc": "%s",\n' "$(rustc_version)"
    printf '  "cargo": "%s",\n' "$(cargo "+$toolchain" --version)"
    printf '  "clang": "%s",\n' "$("$clang" --version | head -n 1)"
}

# Compiles the crate in the target directory $1 and links the module to the file $2. The linker is called here
# and not by rustc, which would export zstd's malloc and memcpy as well.
build_module() {
    sysroot=$(rustup run "$toolchain" rustc --print sysroot)
    set -- "$1" "$2" --release --package storage-wasm --target "$target" --target-dir "$1" --locked
    if [ "$(compiler)" = debian ]; then
        set -- "$@" -Z build-std=std,panic_abort
        export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    fi
    (cd "$root" && cargo "+$toolchain" fetch --locked --quiet)
    export CARGO_ENCODED_RUSTFLAGS="-Ctarget-feature=+simd128,+bulk-memory$(neutral_paths)"
    export CC_wasm32_unknown_unknown="$clang" AR_wasm32_unknown_unknown=ar
    export CFLAGS_wasm32_unknown_unknown='-msimd128 -mbulk-memory'
    STORAGE_WASM_STAMP=$("$root/storage-wasm/stamp.sh")
    export STORAGE_WASM_STAMP
    objects=$1/$target/release/libstorage.a module=$2
    shift 2
    (cd "$root" && cargo "+$toolchain" build "$@" >&2)

    # Undefined symbols are errors, so there are no imports.
    set --
    for name in $exports; do set -- "$@" "--export=$name"; done
    "$(find "$sysroot" -name rust-lld -type f)" -flavor wasm --no-entry --gc-sections --strip-all \
        --no-growable-memory --stack-first -z "stack-size=$stack_size" "$@" "$objects" -o "$module"
}

# Compiler flags that keep the places of sources on this machine out of the module.
neutral_paths() {
    printf '\037--remap-path-prefix=%s=%s' "$root" /sealift /usr/src /rust
    for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
        printf '\037--remap-path-prefix=%s=%s' "$registry" /crates
    done
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
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
    install_missing
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

    if ! { has_rustup_std || has_debian_rust; } || ! has_clang ||
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
