package codec_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// FuzzRestore gives arbitrary bytes as a frame with an arbitrary extent: the result is either ErrDamaged, or raw bytes
// that hold the chunk. A trap is a bug in the routines.
func FuzzRestore(f *testing.F) {
	w := newWorker(f)
	raw := text(2000)
	frame := compress(f, w, raw, codec.DefaultLevel)
	chunk := split(f, w, raw)[0]
	f.Add(frame, len(raw), uint32(0), chunk.Size, chunk.ID[:])
	f.Add(frame, len(raw), uint32(1), chunk.Size, chunk.ID[:])
	f.Add(frame[:len(frame)-1], len(raw), uint32(0), chunk.Size, chunk.ID[:])
	f.Add(compress(f, w, noise(700), codec.MinLevel), 700, uint32(0), uint32(700), make([]byte, len(codec.ID{})))
	f.Add([]byte{}, 0, uint32(0), uint32(0), []byte{})
	f.Fuzz(func(t *testing.T, frame []byte, size int, offset, length uint32, hash []byte) {
		w := newWorker(t)
		extent := codec.Extent{Offset: offset, Chunk: codec.Chunk{Size: length}}
		copy(extent.ID[:], hash)
		got, err := restore(t, w, frame, size, []codec.Extent{extent})
		if errors.Is(err, codec.ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != size {
			t.Fatalf("got %d raw bytes, want %d", len(got), size)
		}
		named := slices.Clone(got[offset:][:length])
		if length <= codec.MinChunk && split(t, w, named)[0].ID != extent.ID {
			t.Error("the chunk is not the one that was named")
		}
	})
}

// FuzzPatch gives arbitrary bytes as a delta of an arbitrary base: the result is either ErrDamaged, or raw bytes that hold
// the chunk that was named.
func FuzzPatch(f *testing.F) {
	w := newWorker(f)
	base, raw := moved(3000)
	d := delta(f, w, base, raw, codec.DefaultLevel)
	chunk := split(f, w, raw)[0]
	f.Add(base, d, len(raw), chunk.ID[:])
	f.Add(base[1:], d, len(raw), chunk.ID[:])
	f.Add(base, d[:len(d)-1], len(raw), chunk.ID[:])
	f.Add([]byte{}, delta(f, w, nil, text(500), codec.DefaultLevel), 500, []byte{})
	f.Fuzz(func(t *testing.T, base, d []byte, size int, hash []byte) {
		w := newWorker(t)
		extent := codec.Extent{Chunk: codec.Chunk{Size: uint32(min(max(size, 0), codec.MinChunk))}}
		copy(extent.ID[:], hash)
		got, err := patch(t, w, base, d, size, []codec.Extent{extent})
		if errors.Is(err, codec.ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != size {
			t.Fatalf("got %d raw bytes, want %d", len(got), size)
		}
		if split(t, w, slices.Clone(got[:extent.Size]))[0].ID != extent.ID {
			t.Error("the chunk is not the one that was named")
		}
	})
}

// FuzzSplit cuts arbitrary bytes, at once and with more to follow.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("data"), uint8(0))
	f.Add(noise(3000), uint8(255))
	f.Fuzz(func(t *testing.T, piece []byte, repeat uint8) {
		w := newWorker(t)
		input := bytes.Repeat(piece, int(repeat)+1)
		input = input[:min(len(input), codec.BufferSize)]
		whole := split(t, w, input)
		if total(whole) != len(input) {
			t.Errorf("the chunks of %d bytes have %d", len(input), total(whole))
		}
		checkSizes(t, whole)
		first, err := w.Split(t.Context(), 0, len(input), false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(first) > len(whole) || !slices.Equal(first, whole[:len(first)]) {
			t.Error("with more to follow, other chunks come first")
		}
		if left := len(input) - total(first); left > codec.MaxChunk {
			t.Errorf("%d bytes are left over, more than a chunk needs", left)
		}
	})
}
