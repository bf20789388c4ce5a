package store

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// filledIndex opens a store that lists n chunks, and returns them in random order.
func filledIndex(b *testing.B, n int) (*Store, []codec.Chunk) {
	b.Helper()
	s := openStore(b, b.TempDir())
	const perFrame = 1000
	for _, f := range fakeFrames(n/perFrame, 1000, perFrame) {
		appendAll(b, s, f)
	}
	appendAndFlush(b, s)
	var chunks []codec.Chunk
	for _, f := range fakeFrames(n/perFrame, 1000, perFrame) {
		chunks = append(chunks, chunksOf(f)...)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(chunks), func(i, k int) { chunks[i], chunks[k] = chunks[k], chunks[i] })
	return s, chunks
}

// BenchmarkMissing looks up 100,000 chunks, as a pull of an image of 6 GB does.
func BenchmarkMissing(b *testing.B) {
	const n = 100_000
	s, chunks := filledIndex(b, n)
	absent := make([]codec.Chunk, n)
	for i := range absent {
		binary.LittleEndian.PutUint64(absent[i].ID[:], rand.Uint64())
	}
	for name, list := range map[string][]codec.Chunk{"present": chunks, "absent": absent} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				missing(b, s, list)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/chunk")
		})
	}
}

// BenchmarkAppend stores frames of 512 KiB with 16 chunks each; bytes are compressed bytes.
func BenchmarkAppend(b *testing.B) {
	const size, chunks = 512 << 10, 16
	for name, listed := range map[string]int{"empty": 0, "100k chunks": 100_000} {
		b.Run(name, func(b *testing.B) {
			s, _ := filledIndex(b, listed)
			f := fakeFrames(1, size, chunks)[0]
			random := rand.NewChaCha8([32]byte{})
			b.SetBytes(size)
			for b.Loop() {
				for i := range f.Extents {
					_, _ = random.Read(f.Extents[i].ID[:])
				}
				appendAll(b, s, f)
			}
			appendAndFlush(b, s)
		})
	}
}

// BenchmarkChunk reads all chunks one after the other, as the assembling of a layer does; bytes are raw bytes.
func BenchmarkChunk(b *testing.B) {
	const size = codec.FrameTarget
	samples := newSamples(b, 32, size)
	s := openStore(b, b.TempDir())
	appendAndFlush(b, s, samples...)
	chunks := chunksOf(samples...)
	r := s.NewReader(useCodec(b))
	b.SetBytes(int64(len(samples)) * size)
	for b.Loop() {
		for _, c := range chunks {
			if _, err := r.Chunk(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRestore is what of BenchmarkChunk is the codec's.
func BenchmarkRestore(b *testing.B) {
	const size = codec.FrameTarget
	f := newSamples(b, 1, size)[0]
	w, err := useCodec(b).Acquire(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer w.Release()
	copy(w.Buffer(), f.Frame)
	b.SetBytes(size)
	for b.Loop() {
		if _, err := w.Restore(context.Background(), len(f.Frame), size, f.Extents); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a store of 100,000 chunks in 1,000 packs.
func BenchmarkOpen(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range fakeFrames(1000, 1000, 100) {
		appendAndFlush(b, s, f)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(s.dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
