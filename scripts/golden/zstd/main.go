// Command zstd prints the SHA-256 of the frames that klauspost's encoder makes of inputs, without their checksums, put
// together. Its argument is the inputs in JSON, each of them parts, one behind the other.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/klauspost/compress/zstd"

	"golden/sample"
)

func main() {
	log.SetFlags(0)
	var inputs [][]sample.Sample
	check(json.Unmarshal([]byte(os.Args[1]), &inputs))
	hash := sha256.New()
	for _, parts := range inputs {
		var raw []byte
		for _, part := range parts {
			raw = append(raw, part.Bytes()...)
		}
		_, _ = hash.Write(frame(raw))
	}
	fmt.Printf("%x", hash.Sum(nil))
}

// frame is what one Write makes, without the checksum.
func frame(raw []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	check(err)
	_, err = w.Write(raw)
	check(err)
	check(w.Close())
	return b.Bytes()[:b.Len()-4]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
