#!/usr/bin/env bash
# Makes storage-wasm/testdata/deflate/klauspost.json anew: the SHA-256 of the streams that the programs themselves write.
#
#   golden-deflate-klauspost.sh
#
# The inputs are those of storage-wasm/testdata/README.md: kind, seed, length.
set -euo pipefail
cd "$(dirname "$0")"
golden=$PWD/../storage-wasm/testdata/deflate/klauspost.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R golden/. "$work"
cd "$work"

inputs='["copies",1,0], ["copies",2,1], ["copies",3,32], ["copies",4,33], ["copies",5,127], ["copies",6,128],
    ["copies",7,1500], ["zeros",0,260], ["copies",8,65535], ["copies",9,65536], ["random",10,70000],
    ["zeros",0,140000], ["copies",11,400000], ["copies",12,1048576], ["copies",13,1048616], ["copies",14,1200000],
    ["random",15,1100000], ["mixed",16,12], ["mixed",16,13], ["mixed",17,100], ["mixed",18,500],
    ["mixed",19,700], ["mixed",20,1200], ["mixed",21,66000], ["mixed",22,140000], ["mixed",23,320000],
    ["mixed",24,1048600], ["mixed",25,1500000]'
all='-2 0 1 2 3 4 5 6 7 8 9'
few='1 5 6'

# streams TITLE PROGRAM LEVELS
streams() {
  printf '%s\n    "%s": ' "$separator" "$1"
  # shellcheck disable=SC2086 # levels are words
  ./golden "$2" "[$inputs]" $3
  separator=,
}

export GOWORK=off
{
  printf '{\n  "inputs": [\n    %s\n  ],\n  "streams": {' "$inputs"
  separator=''
  while read -r version release levels; do
    cp "$OLDPWD/golden/go.mod" .
    rm -f go.sum
    go get github.com/klauspost/compress@"$version" github.com/klauspost/pgzip@"$release" >/dev/null 2>&1
    go build -o golden ./klauspost
    streams "flate $version" flate "$levels"
    streams "pgzip $release with flate $version" pgzip "$levels"
  done <<EOF
v1.20.4 v1.3.0 $all
v1.20.3 v1.2.6 $all
v1.18.0 v1.2.6 $all
v1.15.9 v1.2.6 $few
v1.14.4 v1.2.5 $few
v1.14.2 v1.2.5 $few
v1.13.6 v1.2.5 $few
v1.12.2 v1.2.5 $few
v1.11.13 v1.2.5 $few
v1.11.12 v1.2.5 $few
EOF
  GOTOOLCHAIN=go1.27.0 go build -o golden ./klauspost
  streams "Go 1.27.0" go "$all"
  printf '\n  }\n}\n'
} >golden.json
cp golden.json "$golden"
