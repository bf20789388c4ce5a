package store

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// flip changes one bit of a file.
func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[offset] ^= 0x10
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// middle returns an offset in the middle of the i-th of samples, in the pack that holds them.
func middle(samples []sample, i int) int64 {
	var offset int
	for _, f := range samples[:i] {
		offset += len(f.Frame)
	}
	return int64(offset + len(samples[i].Frame)/2)
}

func TestDamagedPack(t *testing.T) {
	samples := newSamples(t, 5, 200<<10)
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		read   int   // the sample that is read
		lost   []int // the samples that are dropped
		want   string
	}{
		{
			"one frame",
			func(t *testing.T, path string) { flip(t, path, middle(samples, 1)) },
			1, []int{1}, "frame at offset",
		},
		{
			"first byte of a frame",
			func(t *testing.T, path string) { flip(t, path, 0) },
			0, []int{0}, "frame at offset 0:",
		},
		{
			"two frames, found at once",
			func(t *testing.T, path string) { flip(t, path, middle(samples, 1)); flip(t, path, middle(samples, 3)) },
			3, []int{1, 3}, "frame at offset",
		},
		{
			"table",
			func(t *testing.T, path string) { flip(t, path, fileSize(t, path)-tailSize-50) },
			2, []int{0, 1, 2, 3, 4}, "checksum",
		},
		{
			"cut off",
			func(t *testing.T, path string) { truncate(t, path, middle(samples, 3)) },
			2, []int{0, 1, 2, 3, 4}, "not the end of a pack file",
		},
		{
			"empty",
			func(t *testing.T, path string) { truncate(t, path, 0) },
			2, []int{0, 1, 2, 3, 4}, "0 bytes",
		},
		{
			"gone",
			func(t *testing.T, path string) {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			},
			2, []int{0, 1, 2, 3, 4}, "damaged data",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			appendAndFlush(t, s, samples...)
			path := s.packPath(0)
			tt.damage(t, path)

			r := s.NewReader(useCodec(t))
			_, err = r.Chunk(t.Context(), samples[tt.read].Extents[0].Chunk)
			if !errors.Is(err, codec.ErrDamaged) {
				t.Fatalf("error %v, want ErrDamaged", err)
			}
			for _, part := range []string{path, tt.want, "run it again"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}

			var lost []sample
			for _, i := range tt.lost {
				lost = append(lost, samples[i])
			}
			if diff := cmp.Diff(chunksOf(lost...), missing(t, s, chunksOf(samples...))); diff != "" {
				t.Fatalf("chunks dropped (-want +got):\n%s", diff)
			}
			for i, f := range samples { // nothing else is affected
				if missing(t, s, chunksOf(f)) == nil {
					wantReadable(t, s, chunksOf(samples[i]))
				}
			}

			appendAndFlush(t, s, lost...) // as the next pull does
			wantReadable(t, s, chunksOf(samples...))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			wantReadable(t, openStore(t, dir), chunksOf(samples...))
		})
	}
}

// Frames that are intact, but are not what the table says, are found by the IDs of their chunks.
func TestFrameOfOtherChunks(t *testing.T) {
	samples := newSamples(t, 2, 200<<10)
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, sample{samples[0].Frame, samples[1].Extents})
	_, err := s.NewReader(useCodec(t)).Chunk(t.Context(), samples[1].Extents[0].Chunk)
	var mismatch *codec.MismatchError
	if !errors.As(err, &mismatch) {
		t.Errorf("error %v, want a mismatch", err)
	}
	if n := len(missing(t, s, chunksOf(samples[1]))); n != len(samples[1].Extents) {
		t.Errorf("%d chunks are missing, want all %d", n, len(samples[1].Extents))
	}
}

func TestWrongIndexEntry(t *testing.T) {
	f := newSamples(t, 1, 200<<10)[0]
	for name, wrong := range map[string]place{
		"other chunk": {0, 1}, "no such chunk": {0, 1 << 30}, "no such pack": {7, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			appendAndFlush(t, s, f)
			err := s.index.add(wrong.pack, []frame{{first: wrong.chunk, extents: f.Extents[:1]}})
			if err != nil {
				t.Fatal(err)
			}
			r := s.NewReader(useCodec(t))
			if _, err := r.Chunk(t.Context(), f.Extents[1].Chunk); err != nil { // the reader has the frame
				t.Fatal(err)
			}
			if _, err := r.Chunk(t.Context(), f.Extents[0].Chunk); !errors.Is(err, codec.ErrDamaged) {
				t.Errorf("error %v, want ErrDamaged", err)
			}
			if _, err := r.Chunk(t.Context(), f.Extents[0].Chunk); !errors.Is(err, ErrNotFound) {
				t.Errorf("second time: %v, want ErrNotFound", err)
			}
			wantReadable(t, s, chunksOf(f)[1:])
		})
	}
}

// TestUncheckedReader has a frame that decompresses to something else: who asks for a chunk of it unchecked gets that, and the
// chunk stays in the store until somebody verifies it.
func TestUncheckedReader(t *testing.T) {
	s := openStore(t, t.TempDir())
	f := newSamples(t, 2, 200<<10)
	f[0].Frame = f[1].Frame
	appendAndFlush(t, s, f[0])
	c := f[0].Extents[0].Chunk

	got, err := s.NewUncheckedReader(useCodec(t)).Chunk(t.Context(), c)
	if err != nil || len(got) != int(c.Size) {
		t.Errorf("unchecked: %d bytes, %v; want %d bytes", len(got), err, c.Size)
	}
	if _, err := s.NewReader(useCodec(t)).Chunk(t.Context(), c); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("checked: error %v, want ErrDamaged", err)
	}
	if _, err := s.NewUncheckedReader(useCodec(t)).Chunk(t.Context(), c); !errors.Is(err, ErrNotFound) {
		t.Errorf("unchecked, once the damage was found: error %v, want ErrNotFound", err)
	}
}
