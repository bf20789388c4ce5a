#!/usr/bin/env bash
# Makes storage-wasm/testdata/zstd.json anew: the SHA-256 of the frames that github.com/klauspost/compress/zstd itself writes,
# without their checksums.
#
#   golden-zstd.sh
#
# An input is parts, one behind the other, which are those of storage-wasm/testdata/README.md: kind, seed, length.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
inputs='[["copies",1,1]], [["copies",2,15]], [["copies",3,16]], [["copies",4,300]], [["copies",5,1023]], [["copies",6,1024]],
    [["copies",7,1025]], [["zeros",0,1500]], [["random",8,5000]], [["copies",9,65791]], [["copies",10,65792]],
    [["copies",11,131071]], [["copies",12,131072]], [["copies",13,131073]], [["zeros",0,131072]], [["zeros",0,400000]],
    [["copies",14,262144]], [["random",15,300000]], [["copies",16,1500000]],
    [["copies",17,131072], ["zeros",0,131090], ["copies",18,200000], ["zeros",0,500000]],
    [["random",19,4000000], ["copies",20,3000000], ["random",19,4000000], ["random",21,2000000], ["random",19,300000]]'

cat >"$work/main.go" <<'EOF'
// Prints the hash of the frames of all inputs, which are given in JSON.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"

	"github.com/klauspost/compress/zstd"
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

func frame(input []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	check(err)
	_, err = w.Write(input)
	check(err)
	check(w.Close())
	return b.Bytes()[:b.Len()-4] // without its checksum
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var inputs [][][3]any
	check(json.Unmarshal([]byte(os.Args[1]), &inputs))
	hash := sha256.New()
	for _, parts := range inputs {
		var input []byte
		for _, p := range parts {
			input = append(input, sample(p[0].(string), source(p[1].(float64)), int(p[2].(float64)))...)
		}
		hash.Write(frame(input))
	}
	fmt.Printf("%x", hash.Sum(nil))
}
EOF

cd "$work"
{
  printf '{\n  "inputs": [\n    %s\n  ],\n  "frames": {' "$inputs"
  separator=''
  for version in v1.17.7 v1.17.8 v1.18.0 v1.20.2 v1.20.3 v1.20.4; do
    rm -f go.mod go.sum
    go mod init golden >/dev/null 2>&1
    go get github.com/klauspost/compress@$version >/dev/null 2>&1
    go build -o golden .
    printf '%s\n    "%s": "%s"' "$separator" $version "$(./golden "[$inputs]")"
    separator=,
  done
  printf '\n  }\n}\n'
} >golden.json
cp golden.json "$here/storage-wasm/testdata/zstd.json"
