package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// moved is n bytes, half of them a table of addresses and half noise, and what becomes of them in the next release: some
// bytes come before them, and all addresses move.
func moved(n int) (base, raw []byte) {
	table := func(by int) (b []byte) {
		for k := range n / 16 {
			b = binary.LittleEndian.AppendUint64(b, uint64(1<<20+k*k%1_000_003+by))
		}
		return b
	}
	rest := noise(n - n/16*8)
	return slices.Concat(rest, table(0)), slices.Concat([]byte("new"), rest, table(0x1230))[:n]
}

// delta returns a copy of the delta of raw against base.
func delta(tb testing.TB, w *codec.Worker, base, raw []byte, level int) []byte {
	tb.Helper()
	n := copy(w.Buffer()[copy(w.Buffer(), base):], raw)
	d, err := w.Delta(tb.Context(), 0, len(base), n, level, n)
	if err != nil || d == nil {
		tb.Fatalf("delta of %d bytes against %d: got %d bytes, error %v", n, len(base), len(d), err)
	}
	return bytes.Clone(d)
}

// patch puts base and delta into w's buffer, not where delta puts them, and patches.
func patch(tb testing.TB, w *codec.Worker, base, delta []byte, raw int, extents []codec.Extent) ([]byte, error) {
	tb.Helper()
	off := max(0, codec.MaxDeltaBase-len(base))
	n := copy(w.Buffer()[off+copy(w.Buffer()[off:], base):], delta)
	return w.Patch(tb.Context(), off, len(base), n, raw, extents)
}

func TestDeltasRoundTrip(t *testing.T) {
	base, raw := moved(200_000)
	longBase, long := moved(codec.MaxDelta)
	tests := []struct {
		name      string
		base, raw []byte
		level     int
		max       int // bytes of the delta
	}{
		{"addresses that moved", base, raw, codec.DefaultLevel, 10_000},
		{"nothing changed", raw, raw, codec.DefaultLevel, 100},
		{"few bytes", base, raw[:100], codec.DefaultLevel, 60},
		{"no base", nil, text(100_000), codec.DefaultLevel, 30_000},
		{"nothing in common", base, text(100_000), codec.MinLevel, 30_000},
		{"longest", slices.Concat(make([]byte, codec.MaxDeltaBase-len(longBase)), longBase), long, 1, codec.MaxDelta / 20},
		{"longest, without a base", nil, text(codec.MaxDelta), codec.MaxLevel, codec.MaxDelta / 4},
	}
	w := newWorker(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := delta(t, w, tt.base, tt.raw, tt.level)
			if len(d) > tt.max {
				t.Errorf("the delta has %d bytes, more than %d", len(d), tt.max)
			}
			extents := extentsOf(split(t, w, tt.raw))
			got, err := patch(t, w, tt.base, d, len(tt.raw), extents)
			if err != nil || !bytes.Equal(got, tt.raw) {
				t.Errorf("patch gives other bytes (error %v)", err)
			}
		})
	}
}

// TestDeltaWithinLimit asks for deltas that are and that are not to be had.
func TestDeltaWithinLimit(t *testing.T) {
	w := newWorker(t)
	base, raw := moved(100_000)
	d := delta(t, w, base, raw, codec.DefaultLevel)
	limited := func(base, raw []byte, limit int) []byte {
		n := copy(w.Buffer()[copy(w.Buffer(), base):], raw)
		got, err := w.Delta(t.Context(), 0, len(base), n, codec.DefaultLevel, limit)
		if err != nil {
			t.Fatalf("limit %d: %v", limit, err)
		}
		return got
	}
	if diff := cmp.Diff(d, limited(base, raw, len(d)+1000)); diff != "" {
		t.Errorf("with a limit, the delta is another one: %s", diff)
	}
	for _, limit := range []int{-1, 0, 1, 3, len(d) / 2, len(d) - 1} {
		if got := limited(base, raw, limit); got != nil {
			t.Errorf("limit %d: got %d bytes", limit, len(got))
		}
	}
	if got := limited(text(100_000), noise(100_000), 1<<30); got != nil {
		t.Errorf("noise: got %d bytes, more than what they make", len(got))
	}
}

func TestDeltaRefusesWhatIsTooLong(t *testing.T) {
	w := newWorker(t)
	for _, tt := range []struct{ off, base, n, level int }{
		{0, -1, 1, 3}, {0, 0, -1, 3}, {0, 0, 0, 3}, {0, codec.MaxDeltaBase + 1, 1, 3}, {0, 0, codec.MaxDelta + 1, 3},
		{0, 1 << 40, 1, 3}, {0, 1, 1, 0}, {0, 1, 1, codec.MaxLevel + 1}, {-1, 1, 1, 3}, {codec.BufferSize - 1, 1, 1, 3},
	} {
		if _, err := w.Delta(t.Context(), tt.off, tt.base, tt.n, tt.level, 100); err == nil {
			t.Errorf("delta of %d bytes against %d at level %d: no error", tt.n, tt.base, tt.level)
		}
	}
}

func TestPatchRefusesDamage(t *testing.T) {
	w := newWorker(t)
	base, raw := moved(100_000)
	d := delta(t, w, base, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	outside := []codec.Extent{{Chunk: codec.Chunk{Size: 2}, Offset: uint32(len(raw)) - 1}}
	tests := []struct {
		name    string
		base, d []byte
		raw     int
		extents []codec.Extent
	}{
		{"no bytes", base, nil, len(raw), extents},
		{"cut in half", base, d[:len(d)/2], len(raw), extents},
		{"cut by a byte", base, d[:len(d)-1], len(raw), extents},
		{"one byte more", base, append(slices.Clone(d), 0), len(raw), extents},
		{"another delta behind", base, slices.Concat(d, d), len(raw), extents},
		{"garbage", base, noise(5000), len(raw), extents},
		{"zeros", base, make([]byte, 5000), len(raw), extents},
		{"too long", base, make([]byte, codec.MaxDelta+1), len(raw), extents},
		{"another base", noise(len(base)), d, len(raw), extents},
		{"base too short", base[:len(base)/2], d, len(raw), extents},
		{"no base", nil, d, len(raw), extents},
		{"base too long", make([]byte, codec.MaxDeltaBase+1), d, len(raw), extents},
		{"fewer raw bytes", base, d, len(raw) - 1, nil},
		{"no raw bytes", base, d, 0, nil},
		{"fewer than no raw bytes", base, d, -1, nil},
		{"raw bytes beyond the limit", base, d, codec.MaxDelta + 1, nil},
		{"extent outside", base, d, len(raw), outside},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := patch(t, w, tt.base, tt.d, tt.raw, tt.extents); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("got %d bytes and error %v, want ErrDamaged", len(got), err)
			}
			if got, err := patch(t, w, base, d, len(raw), extents); err != nil || !bytes.Equal(got, raw) {
				t.Errorf("afterwards the worker fails: %v", err)
			}
		})
	}
}

// TestPatchFindsEveryFlippedBit flips bits all over a delta: whatever comes of it, no wrong byte comes through.
func TestPatchFindsEveryFlippedBit(t *testing.T) {
	w := newWorker(t)
	base, raw := moved(3000)
	d := delta(t, w, base, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	for bit := range len(d) * 8 {
		flipped := slices.Clone(d)
		flipped[bit/8] ^= 1 << (bit % 8)
		got, err := patch(t, w, base, flipped, len(raw), extents)
		if err == nil && bytes.Equal(got, raw) {
			continue // a bit that does not matter
		}
		if !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("bit %d: got error %v, want ErrDamaged", bit, err)
		}
	}
}

func TestPatchNamesTheWrongChunk(t *testing.T) {
	w := newWorker(t)
	base, raw := moved(1 << 20)
	d := delta(t, w, base, raw, codec.DefaultLevel)
	extents := extentsOf(split(t, w, raw))
	for _, k := range []int{0, len(extents) / 2, len(extents) - 1} {
		wrong := slices.Clone(extents)
		wrong[k].ID[31] ^= 1
		_, err := patch(t, w, base, d, len(raw), wrong)
		var mismatch *codec.MismatchError
		if !errors.As(err, &mismatch) || mismatch.Index != k || mismatch.Chunk != wrong[k].Chunk {
			t.Errorf("got error %v, want a *MismatchError of chunk %d", err, k)
		}
	}
}
