package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/zeebo/blake3"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// TestLibrariesKeepWhatTheyAreGiven checks that what the engines are compared with does the whole work.
func TestLibrariesKeepWhatTheyAreGiven(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	raw = raw[:min(len(raw), 3<<20)]
	first, err := openLibraries(blake3.Sum256)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openLibraries(blake3.Sum256)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := framesOf(t.Context(), &thread{first: first, second: second}, raw)
	if err != nil {
		t.Fatal(err)
	}
	var restored []byte
	for _, f := range frames {
		first.hold(f.packed)
		b, err := first.restore(t.Context(), f.raw, f.extents)
		if err != nil {
			t.Fatal(err)
		}
		restored = append(restored, b...)
		for _, e := range f.extents {
			if e.Size > codec.MaxChunk {
				t.Errorf("a chunk of %d bytes", e.Size)
			}
		}
	}
	if !bytes.Equal(restored, raw) {
		t.Error("what comes back is something else")
	}
	f := frames[0]
	f.extents[0].ID[0] ^= 1
	first.hold(f.packed)
	if _, err := first.restore(t.Context(), f.raw, f.extents); err == nil {
		t.Error("a chunk with another ID was accepted")
	}
}
