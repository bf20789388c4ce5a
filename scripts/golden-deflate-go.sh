#!/usr/bin/env bash
# Writes the golden streams of Go's compress/flate anew, with each Go whose streams the encoder makes, and fails if they
# differ from one another, or from what is there: then another encoder is called for, not other golden streams.
set -euo pipefail
cd "$(dirname "$0")/golden"

versions=(go1.21.13 go1.22.12 go1.23.12 go1.24.13 go1.25.14 go1.26.8)
golden=../../storage-wasm/testdata/deflate/go.json

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for version in "${versions[@]}"; do
  GOTOOLCHAIN=$version GOWORK=off go run ./go >"$scratch/$version.json"
  [ -e "$golden" ] || cp "$scratch/$version.json" "$golden"
  cmp "$scratch/$version.json" "$golden"
  echo "$version writes the golden streams"
done
