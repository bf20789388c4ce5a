// Package sample generates the inputs that golden streams are made of; storage-wasm/testdata/README.md describes them.
package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
)

// Sample is one input.
type Sample struct {
	Kind   string `json:"kind"`
	Seed   uint64 `json:"seed"`
	Length int    `json:"length"`
}

// UnmarshalJSON implements json.Unmarshaler. It reads [kind, seed, length], as the scripts have it.
func (s *Sample) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&s.Kind, &s.Seed, &s.Length})
}

// Bytes generates the input.
func (s Sample) Bytes() []byte {
	source := splitMix64(s.Seed)
	switch s.Kind {
	case "copies":
		return source.copies(s.Length)
	case "random":
		return source.random(s.Length)
	case "zeros":
		return make([]byte, s.Length)
	case "period":
		period := source.random(int(s.Seed))
		return bytes.Repeat(period, s.Length/len(period)+1)[:s.Length]
	case "skewed":
		return source.skewed(nil, s.Length)
	case "mixed":
		return source.mixed(s.Length)
	}
	panic(fmt.Sprintf("unknown kind of input: %s", s.Kind))
}

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
		run := 4 + int(step>>8%60)
		if step&1 == 0 && len(raw) > 0 {
			distance := 1 + int(step>>32%uint64(min(len(raw), 1<<16)))
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

// skewed appends bytes to raw until it has so many.
func (s *splitMix64) skewed(raw []byte, length int) []byte {
	for len(raw) < length {
		raw = append(raw, byte(bits.TrailingZeros64(s.next())))
	}
	return raw
}

func (s *splitMix64) mixed(length int) []byte {
	first := *s // the copies have a source of their own
	raw := append(make([]byte, length/4), first.copies(length/4)...)
	for i := 0; i < length/4; i++ {
		raw = append(raw, byte(s.next()%96))
	}
	return s.skewed(raw, length)
}
