package codec_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func BenchmarkSplit(b *testing.B) {
	w := newWorker(b)
	n := copy(w.Buffer(), noise(codec.BatchSize))
	chunks := make([]codec.Chunk, 0, codec.BatchSize/codec.MinChunk)
	b.SetBytes(int64(n))
	for b.Loop() {
		if _, err := w.Split(b.Context(), 0, n, true, chunks); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompress(b *testing.B) {
	for _, level := range []int{1, 3, 9} {
		b.Run(fmt.Sprintf("level=%d", level), func(b *testing.B) {
			w := newWorker(b)
			n := copy(w.Buffer(), text(codec.FrameTarget))
			b.SetBytes(int64(n))
			var size int
			for b.Loop() {
				frame, err := w.Compress(b.Context(), n, level)
				if err != nil {
					b.Fatal(err)
				}
				size = len(frame)
			}
			b.ReportMetric(float64(n)/float64(size), "ratio")
		})
	}
}

func BenchmarkRestore(b *testing.B) {
	w := newWorker(b)
	raw := text(codec.FrameTarget)
	extents := extentsOf(split(b, w, raw))
	n := copy(w.Buffer(), compress(b, w, raw, codec.DefaultLevel))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := w.Restore(b.Context(), n, len(raw), extents); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDelta(b *testing.B) {
	w := newWorker(b)
	base, raw := moved(codec.MaxDelta)
	n := copy(w.Buffer()[copy(w.Buffer(), base):], raw)
	b.SetBytes(int64(n))
	for b.Loop() {
		if _, err := w.Delta(b.Context(), 0, len(base), n, codec.DefaultLevel, n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPatch(b *testing.B) {
	w := newWorker(b)
	base, raw := moved(codec.MaxDelta)
	n := copy(w.Buffer()[len(base):], delta(b, w, base, raw, codec.DefaultLevel))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := w.Patch(b.Context(), 0, len(base), n, len(raw), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReleases is of deltas between the two files that SEALIFT_RELEASES names, as "OLD NEW": each window against the
// bytes at its place and 1 MiB on both sides.
func BenchmarkReleases(b *testing.B) {
	names := strings.Fields(os.Getenv("SEALIFT_RELEASES"))
	if len(names) != 2 {
		b.Skip("SEALIFT_RELEASES names no two files")
	}
	w := newWorker(b)
	windows, size := windowsOf(b, names[0], names[1])
	b.Run("delta", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			total := 0
			for i := range windows {
				windows[i].delta = delta(b, w, windows[i].base, windows[i].raw, codec.DefaultLevel)
				total += len(windows[i].delta)
			}
			b.ReportMetric(float64(total), "bytes")
		}
	})
	b.Run("patch", func(b *testing.B) {
		for i, window := range windows {
			windows[i].extents = extentsOf(split(b, w, window.raw))
		}
		b.SetBytes(size)
		for b.Loop() {
			for _, window := range windows {
				n := copy(w.Buffer()[copy(w.Buffer(), window.base):], window.delta)
				if _, err := w.Patch(b.Context(), 0, len(window.base), n, len(window.raw), window.extents); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

type window struct {
	base, raw, delta []byte
	extents          []codec.Extent
}

// windowsOf returns the windows of the file called recent, each with its base, and their length.
func windowsOf(b *testing.B, old, recent string) ([]window, int64) {
	base, err := os.ReadFile(old)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := os.ReadFile(recent)
	if err != nil {
		b.Fatal(err)
	}
	var windows []window
	for at := 0; at < len(raw); at += codec.MaxDelta {
		part := raw[at:min(at+codec.MaxDelta, len(raw))]
		place := at * len(base) / len(raw)
		from, to := max(0, place-1<<20), min(place+len(part)+1<<20, len(base))
		windows = append(windows, window{base: base[from:to], raw: part})
	}
	return windows, int64(len(raw))
}

// BenchmarkNew compares loading the routines with and without code that an earlier process compiled.
func BenchmarkNew(b *testing.B) {
	for name, dir := range map[string]string{"compile": "", "cached": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			open := func() {
				c, err := codec.New(b.Context(), codec.Options{CacheDir: dir})
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			open()
			for b.Loop() {
				open()
			}
		})
	}
}

func BenchmarkAcquire(b *testing.B) {
	c, err := shared()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w, err := c.Acquire(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		w.Release()
	}
}

// BenchmarkDeflate is of the streams of each encoder, at its default level and at the least one, of the file that
// SEALIFT_RAW names or, without one, of made-up text.
func BenchmarkDeflate(b *testing.B) {
	raw := text(8 * codec.MaxPiece)
	if name := os.Getenv("SEALIFT_RAW"); name != "" {
		var err error
		if raw, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	c := sharedCodec(b)
	for _, e := range append(encodings(), zstdEncoding) {
		b.Run(fmt.Sprintf("%v", e), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				deflateAll(b, c, e, raw)
			}
		})
	}
}

// deflateAll makes a stream and forgets it.
func deflateAll(b *testing.B, c *codec.Codec, e codec.Encoding, raw []byte) {
	d := newDeflater(b, c, e)
	for at := 0; at < len(raw); at += codec.MaxPiece {
		end := min(at+codec.MaxPiece, len(raw))
		if _, err := d.Write(b.Context(), raw[at:end], end == len(raw)); err != nil {
			b.Fatal(err)
		}
	}
}
