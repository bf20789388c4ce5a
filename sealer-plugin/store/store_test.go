package store

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// testCodec is compiled by the first test that needs it: most helper processes do not.
var testCodec = sync.OnceValues(func() (*codec.Codec, error) {
	return codec.New(context.Background(), codec.Options{})
})

func useCodec(tb testing.TB) *codec.Codec {
	tb.Helper()
	c, err := testCodec()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// sample is a frame as a pull appends it.
type sample struct {
	Frame   []byte
	Extents []codec.Extent
}

// newSamples makes n frames of size raw bytes each, in which nothing occurs twice. They shrink to about a half.
func newSamples(tb testing.TB, n, size int) []sample {
	tb.Helper()
	return newFineSamples(tb, n, size, size)
}

// newFineSamples makes frames as newSamples does, whose chunks do not reach over multiples of grain bytes.
func newFineSamples(tb testing.TB, n, size, grain int) []sample {
	tb.Helper()
	ctx := context.Background()
	w, err := useCodec(tb).Acquire(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Release()
	random := rand.New(rand.NewPCG(uint64(grain), uint64(size)))
	samples := make([]sample, n)
	for i := range samples {
		raw := w.Buffer()[:size]
		for k := range raw {
			raw[k] = byte(random.Uint32() & 0x0f)
		}
		var chunks []codec.Chunk
		for at := 0; at < size; at += grain {
			chunks, err = w.Split(ctx, at, min(grain, size-at), true, chunks)
			if err != nil {
				tb.Fatal(err)
			}
		}
		var at uint32
		for _, c := range chunks {
			samples[i].Extents = append(samples[i].Extents, codec.Extent{Chunk: c, Offset: at})
			at += c.Size
		}
		compressed, err := w.Compress(ctx, size, 1)
		if err != nil {
			tb.Fatal(err)
		}
		samples[i].Frame = bytes.Clone(compressed)
	}
	return samples
}

func chunksOf(samples ...sample) []codec.Chunk {
	var chunks []codec.Chunk
	for _, s := range samples {
		for _, e := range s.Extents {
			chunks = append(chunks, e.Chunk)
		}
	}
	return chunks
}

func openStore(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func appendAll(tb testing.TB, s *Store, samples ...sample) {
	tb.Helper()
	for _, f := range samples {
		if err := s.Append(context.Background(), f.Frame, f.Extents); err != nil {
			tb.Fatal(err)
		}
	}
}

func appendAndFlush(tb testing.TB, s *Store, samples ...sample) {
	tb.Helper()
	appendAll(tb, s, samples...)
	if err := s.Flush(context.Background()); err != nil {
		tb.Fatal(err)
	}
}

func missing(tb testing.TB, s *Store, chunks []codec.Chunk) []codec.Chunk {
	tb.Helper()
	lacking, err := s.Missing(chunks)
	if err != nil {
		tb.Fatal(err)
	}
	return lacking
}

// wantReadable fails the test unless the store has all of chunks, and gives each of them. The reader verifies the bytes.
func wantReadable(tb testing.TB, s *Store, chunks []codec.Chunk) {
	tb.Helper()
	if lacking := missing(tb, s, chunks); len(lacking) > 0 {
		tb.Errorf("%d of %d chunks are missing", len(lacking), len(chunks))
	}
	r := s.NewReader(useCodec(tb))
	defer r.Close()
	for _, c := range chunks {
		b, err := r.Chunk(context.Background(), c)
		if err != nil {
			tb.Fatal(err)
		}
		if len(b) != int(c.Size) {
			tb.Fatalf("chunk %v: %d bytes, want %d", c.ID, len(b), c.Size)
		}
	}
}

func TestAppendedChunksAreReadBack(t *testing.T) {
	samples := newSamples(t, 6, 300<<10)
	dir := filepath.Join(t.TempDir(), "a", "store")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	appendAndFlush(t, s, samples[:4]...)
	wantReadable(t, s, chunksOf(samples[:4]...))

	appendAll(t, s, samples[4:]...) // Close makes them durable
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	wantReadable(t, openStore(t, dir), chunksOf(samples...))
}

func TestChunkGivesTheBytesThatWereCut(t *testing.T) {
	samples := newSamples(t, 1, 400<<10)
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, samples...)
	w, err := useCodec(t).Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Release()
	f := samples[0]
	copy(w.Buffer(), f.Frame)
	raw, err := w.Restore(t.Context(), len(f.Frame), 400<<10, f.Extents)
	if err != nil {
		t.Fatal(err)
	}
	r := s.NewReader(useCodec(t))
	for _, e := range f.Extents {
		got, err := r.Chunk(t.Context(), e.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, raw[e.Offset:e.Offset+e.Size]) {
			t.Errorf("chunk at %d differs", e.Offset)
		}
	}
}

// A frame of a remote's pack may hold chunks that are not known here, and the known ones come in any order.
func TestPartlyKnownFrame(t *testing.T) {
	f := newSamples(t, 1, 600<<10)[0]
	known := []codec.Extent{f.Extents[4], f.Extents[1]}
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, sample{f.Frame, known})
	wantReadable(t, s, []codec.Chunk{f.Extents[1].Chunk, f.Extents[4].Chunk})
	if got := missing(t, s, []codec.Chunk{f.Extents[0].Chunk}); len(got) != 1 {
		t.Errorf("a chunk that was not named is there")
	}
}

func TestMissingKeepsOrderAndDropsRepeats(t *testing.T) {
	samples := newSamples(t, 2, 200<<10)
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, samples[0])
	a, b := chunksOf(samples[0]), chunksOf(samples[1])
	got := missing(t, s, []codec.Chunk{b[1], a[0], b[0], b[1], a[1], b[0]})
	if diff := cmp.Diff([]codec.Chunk{b[1], b[0]}, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestPackIsSealedWhenFull(t *testing.T) {
	tests := []struct {
		name   string
		frames []sample
	}{
		{"by size", fakeFrames(packTarget/(1<<20), 1<<20, 16)},
		{"by chunks", fakeFrames(8, 100, packChunksTarget/8)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			last := len(tt.frames) - 1
			appendAll(t, s, tt.frames[:last]...)
			if n := len(missing(t, s, chunksOf(tt.frames[0]))); n == 0 {
				t.Error("chunks are listed before their pack is durable")
			}
			appendAll(t, s, tt.frames[last])
			if n := len(missing(t, s, chunksOf(tt.frames...))); n != 0 {
				t.Errorf("%d chunks of a full pack are missing", n)
			}
		})
	}
}

// fakeFrames makes frames that cannot be restored, but have the form that Append checks.
func fakeFrames(n, size, chunks int) []sample {
	frames := make([]sample, n)
	random := rand.NewChaCha8([32]byte{byte(size)})
	for i := range frames {
		f := make([]byte, size)
		_, _ = random.Read(f)
		copy(f, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x10, 0}) // a header that states 1 MiB
		frames[i].Frame = f
		frames[i].Extents = make([]codec.Extent, chunks)
		for k := range frames[i].Extents {
			e := &frames[i].Extents[k]
			_, _ = random.Read(e.ID[:])
			e.Offset, e.Size = uint32(k), 1
		}
	}
	return frames
}

func TestAppendRefuses(t *testing.T) {
	good := newSamples(t, 1, 100<<10)[0]
	extent := func(offset, size uint32) []codec.Extent {
		return []codec.Extent{{Chunk: codec.Chunk{Size: size}, Offset: offset}}
	}
	tests := []struct {
		name    string
		frame   []byte
		extents []codec.Extent
		want    string
	}{
		{"no frame", nil, good.Extents, "not a zstd frame"},
		{"other bytes", []byte("hello, frame"), good.Extents, "not a zstd frame"},
		{"too long", make([]byte, codec.MaxCompressedFrame+1), good.Extents, "outside the limits"},
		{"no chunks", good.Frame, nil, "cannot hold 0 chunks"},
		{"empty chunk", good.Frame, extent(0, 0), "does not fit"},
		{"chunk too long", good.Frame, extent(0, codec.MaxChunk+1), "does not fit"},
		{"chunk outside", good.Frame, extent(100<<10-1, 2), "does not fit"},
		{"offset overflows", good.Frame, extent(1<<32-1, 2), "does not fit"},
	}
	s := openStore(t, t.TempDir())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := s.Append(t.Context(), tt.frame, tt.extents)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	appendAndFlush(t, s, good) // a refused frame does no harm
	wantReadable(t, s, chunksOf(good))
}

func TestCancelledContext(t *testing.T) {
	f := newSamples(t, 1, 100<<10)[0]
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, f.Frame, f.Extents); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if err := s.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("flush: %v", err)
	}
	r := s.NewReader(useCodec(t))
	if _, err := r.Chunk(ctx, f.Extents[0].Chunk); !errors.Is(err, context.Canceled) {
		t.Errorf("chunk: %v", err)
	}
	wantReadable(t, s, chunksOf(f)) // it was not taken for damage
}

func TestClosedStore(t *testing.T) {
	f := newSamples(t, 1, 100<<10)[0]
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	appendAndFlush(t, s, f)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, missingErr := s.Missing(chunksOf(f))
	_, chunkErr := s.NewReader(useCodec(t)).Chunk(t.Context(), f.Extents[0].Chunk)
	_, blobErr := s.Blob(describe("x"))
	for name, err := range map[string]error{
		"append":   s.Append(t.Context(), f.Frame, f.Extents),
		"flush":    s.Flush(t.Context()),
		"missing":  missingErr,
		"chunk":    chunkErr,
		"blob":     blobErr,
		"put blob": s.PutBlob(t.Context(), describe("x"), strings.NewReader("x")),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

func TestChunkThatIsNotThere(t *testing.T) {
	f := newSamples(t, 1, 100<<10)[0]
	s := openStore(t, t.TempDir())
	r := s.NewReader(useCodec(t))
	if _, err := r.Chunk(t.Context(), f.Extents[0].Chunk); !errors.Is(err, ErrNotFound) {
		t.Errorf("absent chunk: %v", err)
	}
	appendAndFlush(t, s, f)
	other := f.Extents[0].Chunk
	other.Size++ // as a damaged recipe might say
	if _, err := r.Chunk(t.Context(), other); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("chunk of another size: %v", err)
	}
	wantReadable(t, s, chunksOf(f))
}

func TestReaderKeepsFewFrames(t *testing.T) {
	samples := newSamples(t, 3*recentFrames, 100<<10)
	s := openStore(t, t.TempDir())
	appendAndFlush(t, s, samples...)
	r := s.NewReader(useCodec(t))
	for range 2 {
		for _, c := range chunksOf(samples...) {
			if _, err := r.Chunk(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if len(r.recent) > recentFrames {
				t.Fatalf("reader keeps %d frames", len(r.recent))
			}
		}
	}
	if err := os.RemoveAll(s.path("packs")); err != nil {
		t.Fatal(err)
	}
	for _, c := range chunksOf(samples[2*recentFrames:]...) {
		if _, err := r.Chunk(t.Context(), c); err != nil {
			t.Errorf("a recent frame is read again: %v", err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	samples := newSamples(t, 24, 100<<10)
	s := openStore(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r := s.NewReader(useCodec(t))
			defer r.Close()
			for k, f := range samples[i*6 : i*6+6] {
				appendAll(t, s, f)
				if k%2 == i%2 {
					continue
				}
				if err := s.Flush(context.Background()); err != nil {
					t.Error(err)
				}
				for _, c := range chunksOf(f) {
					if _, err := r.Chunk(context.Background(), c); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	appendAndFlush(t, s)
	wantReadable(t, s, chunksOf(samples...))
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing on Windows")
	}
	dir := filepath.Join(t.TempDir(), "store")
	s := openStore(t, dir)
	appendAndFlush(t, s, newSamples(t, 1, 100<<10)...)
	if err := s.PutBlob(t.Context(), describe("x"), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
