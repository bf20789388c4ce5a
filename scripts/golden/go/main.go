// Command go prints what this Go's compress/flate makes of generated inputs, as JSON: the SHA-256 of each stream.
package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"

	"golden/sample"
)

// The levels of a sample's streams, in order.
var levels = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, flate.HuffmanOnly}

// samples are those that storage-wasm/tests/deflate_go.rs describes, on both sides of every limit of a block and a window.
var samples = []sample.Sample{
	{Kind: "copies", Seed: 1, Length: 0},
	{Kind: "copies", Seed: 1, Length: 1},
	{Kind: "copies", Seed: 1, Length: 16},
	{Kind: "copies", Seed: 1, Length: 17},
	{Kind: "copies", Seed: 1, Length: 127},
	{Kind: "copies", Seed: 1, Length: 128},
	{Kind: "copies", Seed: 2, Length: 1_000},
	{Kind: "copies", Seed: 3, Length: 65_274},
	{Kind: "copies", Seed: 3, Length: 65_535},
	{Kind: "copies", Seed: 3, Length: 65_536},
	{Kind: "copies", Seed: 3, Length: 65_551},
	{Kind: "copies", Seed: 3, Length: 65_662},
	{Kind: "copies", Seed: 3, Length: 65_663},
	{Kind: "copies", Seed: 4, Length: 300_000},
	{Kind: "random", Seed: 5, Length: 17},
	{Kind: "random", Seed: 5, Length: 16_384},
	{Kind: "random", Seed: 5, Length: 150_000},
	{Kind: "zeros", Length: 128},
	{Kind: "zeros", Length: 65_536},
	{Kind: "zeros", Length: 300_000},
	{Kind: "period", Seed: 2, Length: 70_000},
	{Kind: "period", Seed: 5, Length: 200_000},
	{Kind: "period", Seed: 258, Length: 150_000},
	{Kind: "period", Seed: 4_097, Length: 150_000},
	{Kind: "period", Seed: 32_768, Length: 150_000},
	{Kind: "period", Seed: 32_769, Length: 150_000},
	{Kind: "skewed", Seed: 6, Length: 60},
	{Kind: "skewed", Seed: 6, Length: 20_000},
	{Kind: "skewed", Seed: 6, Length: 200_000},
}

// golden is a sample and its streams.
type golden struct {
	sample.Sample
	SHA256 []string `json:"sha256"`
}

func main() {
	log.SetFlags(0)
	var all []golden
	for _, s := range samples {
		g, raw := golden{Sample: s}, s.Bytes()
		for _, level := range levels {
			sum := sha256.Sum256(stream(raw, level))
			g.SHA256 = append(g.SHA256, hex.EncodeToString(sum[:]))
		}
		all = append(all, g)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		log.Fatal(err)
	}
}

// stream is what one Write makes.
func stream(raw []byte, level int) []byte {
	var buffer bytes.Buffer
	w, err := flate.NewWriter(&buffer, level)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return buffer.Bytes()
}
