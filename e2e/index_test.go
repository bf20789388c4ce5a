package e2e

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/opencontainers/go-digest"
)

// field is a number in an index.
type field int

const (
	packCount field = iota
	frameCount
	packStep  // of the first frame
	frameGap  // of the first frame
	frameRaw  // of the first frame
	runFrame  // of the first run
	runOffset // of the first run
)

// index sets a field of the image's index.
func (c *chunked) index(which field, value uint64) {
	c.t.Helper()
	c.blocks(typeIndex, kindIndex, func(raw []byte) []byte {
		begin, end := span(c.t, raw, which)
		changed := append([]byte{}, raw[:begin]...)
		if which == runFrame {
			changed = binary.AppendVarint(changed, int64(value))
		} else {
			changed = binary.AppendUvarint(changed, value)
		}
		return append(changed, raw[end:]...)
	})
	c.blocks(typeIndex, kindEnd, func([]byte) []byte {
		var size int
		for _, b := range parse(c.t, c.read(c.first(typeIndex))) {
			if b.kind == kindIndex {
				size += len(b.raw)
			}
		}
		return binary.AppendUvarint(nil, uint64(size))
	})
}

// span returns where in an index, of an image without deltas, the field stands.
func span(t *testing.T, raw []byte, which field) (begin, end int) {
	t.Helper()
	n := newNumbers(t, raw)
	at := func(f field) bool {
		begin = len(raw) - n.Len()
		return f == which
	}
	next := func(f field) (value int, found bool) {
		found = at(f)
		value = n.unsigned()
		end = len(raw) - n.Len()
		return value, found
	}
	if bases := n.unsigned(); bases > 0 {
		t.Fatalf("an index of %d base chunks", bases)
	}
	packs, found := next(packCount)
	if found {
		return begin, end
	}
	for range packs {
		n.hash()
		n.unsigned()
	}
	if deltas := n.unsigned(); deltas > 0 {
		t.Fatalf("an index of %d delta packs", deltas)
	}
	frames, found := next(frameCount)
	if found {
		return begin, end
	}
	for i := range frames {
		for _, f := range []field{packStep, frameGap, -1, frameRaw} {
			if _, found := next(f); found && i == 0 {
				return begin, end
			}
		}
	}
	n.unsigned() // runs
	for _, f := range []field{runFrame, runOffset} {
		if _, found := next(f); found {
			return begin, end
		}
	}
	t.Fatalf("no field %d", which)
	return 0, 0
}

func hash(t *testing.T, d digest.Digest) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(d.Encoded())
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
