#!/bin/sh
# Copies zstd's sources, as the locked zstd-sys has them, to the directory $1/lib, applies wasm32.patch to the copy, and
# writes $1/overlay.yaml, with which clang (-ivfsoverlay) reads the copy in the place of the originals. Fails if the
# originals are others than those that the patch was written for.
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || { echo 'usage: patch.sh DIRECTORY' >&2; exit 1; }
mkdir -p "$1"
to=$(cd "$1" && pwd -P)

check_sha256() {
    if command -v sha256sum >/dev/null; then sha256sum --check --quiet "$1"; else shasum -a 256 --check --quiet "$1"; fi
}

crate=$(cargo metadata --locked --format-version 1 --manifest-path "$here/../Cargo.toml" |
    tr ',' '\n' | sed -n 's|^"manifest_path":"\(.*/zstd-sys-[^/]*\)/Cargo.toml"$|\1|p')
crate=$(cd "$crate" && pwd -P)
(cd "$crate/zstd/lib" && check_sha256 "$here/originals.sha256") >&2 || {
    echo "patch.sh: $crate is not the zstd that wasm32.patch was written for, see README.md" >&2
    exit 1
}

rm -rf "$to/lib"
cp -R "$crate/zstd/lib" "$to/lib"
chmod -R u+w "$to/lib"
patch --quiet --strip=1 --fuzz=0 --directory="$to/lib" <"$here/wasm32.patch" >&2

cat >"$to/overlay.yaml" <<END
{
  "version": 0,
  "use-external-names": false,
  "roots": [{"type": "directory-remap", "name": "$crate/zstd/lib", "external-contents": "$to/lib"}]
}
END
