# Compiles Rust crates of this repository to WebAssembly modules that import nothing. Scripts in `sh -eu` that have set
# $root, the repository, read this file:
#
#   install_rust                            on Debian as root, installs what is missing
#   compile_crate CRATE TARGET_DIR          leaves a static library in TARGET_DIR/$target/release
#   link_module LIBRARY MODULE STACK NAME...    makes a module that exports these functions and its memory
#   rust_versions                           prints what decides which bytes come out, for a record in JSON
#
# The Rust compiler is the one that rust-toolchain.toml names, with rustup's standard library for wasm32. Where
# that cannot be downloaded, Debian's compiler builds a standard library from Debian's sources.
# STORAGE_WASM_COMPILER=rustup or debian asks for one of them.
export LC_ALL=C

target=wasm32-unknown-unknown
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")

fail() {
    echo "${0##*/}: $*" >&2
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

has_rustup_std() { [ -d "$(rustup run "$toolchain" rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; }
has_debian_rust() { [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src/rust/library/std ]; }

install_rust() {
    command -v rustup >/dev/null || fail 'rustup is missing: please install it'
    rustup run "$toolchain" rustc --version >/dev/null 2>&1 ||
        rustup toolchain install "$toolchain" --profile minimal >&2
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

rust_versions() {
    printf '  "rustc": "%s",\n' "$(rustc_version)"
    printf '  "cargo": "%s",\n' "$(cargo "+$toolchain" --version)"
}

rustc_version() {
    case $(compiler) in
    rustup) rustup run "$toolchain" rustc --version ;;
    debian) echo "$(/usr/bin/rustc --version), Debian $(dpkg-query -W -f '${Version}' rustc-web)" ;;
    *) fail "STORAGE_WASM_COMPILER is neither rustup nor debian" ;;
    esac
}

compile_crate() {
    set -- --release --package "$1" --target "$target" --target-dir "$2" --locked
    if [ "$(compiler)" = debian ]; then
        set -- "$@" -Z build-std=std,panic_abort
        export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    fi
    (cd "$root" && cargo "+$toolchain" fetch --locked --quiet)
    export CARGO_ENCODED_RUSTFLAGS="-Ctarget-feature=+simd128,+bulk-memory$(neutral_paths)"
    (cd "$root" && cargo "+$toolchain" build "$@" >&2)
}

# Compiler flags that keep the places of sources on this machine out of the module.
neutral_paths() {
    printf '\037--remap-path-prefix=%s=%s' "$root" /sealift /usr/src /rust
    for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
        printf '\037--remap-path-prefix=%s=%s' "$registry" /crates
    done
}

# The linker is called here and not by rustc, which would export more than is asked for. Undefined symbols are errors, so
# there are no imports.
link_module() {
    library=$1 module=$2 stack=$3
    shift 3
    for name in "$@"; do
        shift
        set -- "$@" "--export=$name"
    done
    "$(find "$(rustup run "$toolchain" rustc --print sysroot)" -name rust-lld -type f)" -flavor wasm --no-entry \
        --gc-sections --strip-all --no-growable-memory --stack-first -z "stack-size=$stack" "$@" "$library" -o "$module"
}

# The SHA-256 of the file $1, or of the input.
sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi | cut -d ' ' -f 1
}
