// Command golden prints what this Go's compress/flate makes of generated inputs, as JSON: the SHA-256 of each stream.
// scripts/golden-deflate-go.sh runs it.
package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"log"
	"math/bits"
	"os"
)

// input is one of those that storage-wasm/tests/deflate_go.rs describes, and its streams.
type input struct {
	Kind   string   `json:"kind"`
	Seed   uint64   `json:"seed"`
	Length int      `json:"length"`
	SHA256 []string `json:"sha256"`
}

// The levels of each input's streams, in order.
var levels = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, flate.HuffmanOnly}

// inputs are on both sides of every limit of a block and a window.
var inputs = []input{
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

func main() {
	log.SetFlags(0)
	for i := range inputs {
		in := &inputs[i]
		raw := in.bytes()
		for _, level := range levels {
			sum := sha256.Sum256(stream(raw, level))
			in.SHA256 = append(in.SHA256, hex.EncodeToString(sum[:]))
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(inputs); err != nil {
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

// bytes generates the input.
func (in *input) bytes() []byte {
	source := splitMix64(in.Seed)
	switch in.Kind {
	case "copies":
		return source.copies(in.Length)
	case "random":
		return source.random(in.Length)
	case "zeros":
		return make([]byte, in.Length)
	case "period":
		period := source.random(int(in.Seed))
		return bytes.Repeat(period, in.Length/len(period)+1)[:in.Length]
	case "skewed":
		raw := make([]byte, in.Length)
		for i := range raw {
			raw[i] = byte(bits.TrailingZeros64(source.next()))
		}
		return raw
	}
	log.Fatalf("unknown kind of input: %s", in.Kind)
	return nil
}

// splitMix64 is the generator that storage-wasm/testdata/README.md describes.
type splitMix64 uint64

func (s *splitMix64) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *splitMix64) random(length int) []byte {
	var raw []byte
	for len(raw) < length {
		raw = binary.LittleEndian.AppendUint64(raw, s.next())
	}
	return raw[:length]
}

func (s *splitMix64) copies(length int) []byte {
	var raw []byte
	for len(raw) < length {
		step := s.next()
		run := 4 + int((step>>8)%60)
		if step&1 == 0 && len(raw) > 0 {
			distance := 1 + int(step>>32)%min(len(raw), 1<<16)
			for i := 0; i < run; i++ {
				raw = append(raw, raw[len(raw)-distance])
			}
			continue
		}
		for i := 0; i < run/4; i++ {
			raw = append(raw, byte(s.next()&0x3f))
		}
	}
	return raw[:length]
}
