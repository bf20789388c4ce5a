#!/bin/sh
# Builds artifact/sum.wasm and its record, sum.wasm.json. On Debian as root, installs what is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
module=$here/artifact/sum.wasm

. "$root/storage-wasm/toolchain.sh"

install_rust
compile_crate sum "$root/target"
link_module "$root/target/$target/release/libsum.a" "$module" 65536 buffer buffer_size sum
{
    printf '{\n'
    printf '  "stamp": "%s",\n' "$("$root/storage-wasm/stamp.sh" examples/sum)"
    rust_versions
    printf '  "sha256": "%s"\n' "$(sha256 "$module")"
    printf '}\n'
} >"$module.json"
echo "$module: $(wc -c <"$module") bytes"
