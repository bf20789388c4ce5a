#!/usr/bin/env bash
# Makes storage-wasm/testdata/deflate/klauspost.json anew: the SHA-256 of the streams that the programs themselves write.
#
#   golden-deflate-klauspost.sh
#
# The inputs are those of storage-wasm/testdata/README.md: kind, seed, length.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
inputs='["copies",1,0], ["copies",2,1], ["copies",3,32], ["copies",4,33], ["copies",5,127], ["copies",6,128],
    ["copies",7,1500], ["zeros",0,260], ["copies",8,65535], ["copies",9,65536], ["random",10,70000],
    ["zeros",0,140000], ["copies",11,400000], ["copies",12,1048576], ["copies",13,1048616], ["copies",14,1200000],
    ["random",15,1100000], ["mixed",16,12], ["mixed",16,13], ["mixed",17,100], ["mixed",18,500],
    ["mixed",19,700], ["mixed",20,1200], ["mixed",21,66000], ["mixed",22,140000], ["mixed",23,320000],
    ["mixed",24,1048600], ["mixed",25,1500000]'

cat >"$work/main.go" <<'EOF'
// Prints the hash of all streams for each level. Arguments: "flate" or "pgzip", the inputs in JSON, and the levels.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"strconv"

	flate "FLATE"
)

type source uint64

func (s *source) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func sample(kind string, s source, length int) []byte {
	var b []byte
	if kind == "mixed" {
		b = append(b, make([]byte, length/4)...)
		b = append(b, sample("copies", s, length/4)...)
		for range length / 4 {
			b = append(b, byte(s.next()%96))
		}
		for len(b) < length {
			b = append(b, byte(bits.TrailingZeros64(s.next())))
		}
	}
	for len(b) < length {
		switch kind {
		case "zeros":
			b = append(b, 0)
		case "random":
			b = binary.LittleEndian.AppendUint64(b, s.next())
		case "copies":
			step := s.next()
			run := 4 + int(step>>8%60)
			if step&1 == 0 && len(b) > 0 {
				distance := 1 + int(step>>32%uint64(min(len(b), 1<<16)))
				for range run {
					b = append(b, b[len(b)-distance])
				}
				continue
			}
			for range run / 4 {
				b = append(b, byte(s.next())&0x3f)
			}
		}
	}
	return b[:length]
}

func stream(program string, level int, input []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NEW(&b, level)
	check(err)
	_, err = w.Write(input)
	check(err)
	check(w.Close())
	if program == "pgzip" {
		return b.Bytes()[10 : b.Len()-8]
	}
	return b.Bytes()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var inputs [][3]any
	check(json.Unmarshal([]byte(os.Args[2]), &inputs))
	for i, argument := range os.Args[3:] {
		level, err := strconv.Atoi(argument)
		check(err)
		hash := sha256.New()
		for _, in := range inputs {
			hash.Write(stream(os.Args[1], level, sample(in[0].(string), source(in[1].(float64)), int(in[2].(float64)))))
		}
		comma := ","
		if i == len(os.Args[3:])-1 {
			comma = ""
		}
		fmt.Printf("      \"%d\": \"%x\"%s\n", level, hash.Sum(nil), comma)
	}
}
EOF

# golden TITLE PROGRAM PACKAGE LEVELS [MODULE ...]
golden() {
  local title=$1 program=$2 package=$3 levels=$4 new=NewWriter
  shift 4
  [ "$program" = flate ] || new=NewWriterLevel
  sed "s#FLATE#$package#; s#flate.NEW(#flate.$new(#" "$work/main.go" >golden/main.go
  printf 'module golden\n\ngo 1.22\n' >golden/go.mod
  rm -f golden/go.sum
  if [ $# -gt 0 ]; then
    (cd golden && go get "$@" >/dev/null 2>&1)
  fi
  (cd golden && go build -o golden .)
  printf '%s\n    "%s": {\n' "$separator" "$title"
  # shellcheck disable=SC2086 # levels are words
  golden/golden "$program" "[$inputs]" $levels
  printf '    }'
  separator=,
}

cd "$work"
mkdir golden
export GOWORK=off
klauspost=github.com/klauspost/compress
pgzip=github.com/klauspost/pgzip
all='-2 0 1 2 3 4 5 6 7 8 9'
few='1 5 6'
{
  printf '{\n  "inputs": [\n    %s\n  ],\n  "streams": {' "$inputs"
  separator=''
  while read -r version release levels; do
    golden "flate $version" flate $klauspost/flate "$levels" $klauspost@"$version"
    golden "pgzip $release with flate $version" pgzip $pgzip "$levels" $klauspost@"$version" $pgzip@"$release"
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
  GOTOOLCHAIN=go1.27.0 golden "Go 1.27.0" flate compress/flate "$all"
  printf '\n  }\n}\n'
} >golden.json
cp golden.json "$here/storage-wasm/testdata/deflate/klauspost.json"
