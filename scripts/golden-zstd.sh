#!/usr/bin/env bash
# Makes storage-wasm/testdata/zstd.json anew: the SHA-256 of the frames that github.com/klauspost/compress/zstd itself writes,
# without their checksums.
#
#   golden-zstd.sh
#
# An input is parts, one behind the other, which are those of storage-wasm/testdata/README.md: kind, seed, length.
set -euo pipefail
cd "$(dirname "$0")"
golden=$PWD/../storage-wasm/testdata/zstd.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R golden/. "$work"
cd "$work"

inputs='[["copies",1,1]], [["copies",2,15]], [["copies",3,16]], [["copies",4,300]], [["copies",5,1023]], [["copies",6,1024]],
    [["copies",7,1025]], [["zeros",0,1500]], [["random",8,5000]], [["copies",9,65791]], [["copies",10,65792]],
    [["copies",11,131071]], [["copies",12,131072]], [["copies",13,131073]], [["zeros",0,131072]], [["zeros",0,400000]],
    [["copies",14,262144]], [["random",15,300000]], [["copies",16,1500000]],
    [["copies",17,131072], ["zeros",0,131090], ["copies",18,200000], ["zeros",0,500000]],
    [["random",19,4000000], ["copies",20,3000000], ["random",19,4000000], ["random",21,2000000], ["random",19,300000]]'

export GOWORK=off
{
  printf '{\n  "inputs": [\n    %s\n  ],\n  "frames": {' "$inputs"
  separator=''
  for version in v1.17.7 v1.17.8 v1.18.0 v1.20.2 v1.20.3 v1.20.4; do
    cp "$OLDPWD/golden/go.mod" .
    rm -f go.sum
    go get github.com/klauspost/compress@"$version" >/dev/null 2>&1
    go build -o golden ./zstd
    printf '%s\n    "%s": "%s"' "$separator" "$version" "$(./golden "[$inputs]")"
    separator=,
  done
  printf '\n  }\n}\n'
} >golden.json
cp golden.json "$golden"
