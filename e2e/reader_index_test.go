package e2e

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// chunkIndex is an index that was read. Chunks are known by their numbers.
type chunkIndex struct {
	pieces    []piece // of the image, then the base chunks
	packs     []digest.Digest
	plain     int // number of packs that hold frames; the others hold deltas
	frames    []framePlace
	locations []location
}

// framePlace is where a frame or a delta lies.
type framePlace struct {
	pack, begin, end int
	raw              int
	base             []int // chunks that it is coded against, in order
}

// location is where a chunk lies.
type location struct{ frame, offset int }

// chunks returns the content of the pieces, which stand in the order of the index.
func (c *chunked) chunks(pieces []piece) map[[32]byte][]byte {
	c.t.Helper()
	x, worker := c.readIndex(pieces), newWorker(c.t)
	raw := make([][]byte, len(x.frames))
	for i, f := range x.frames { // those of packs come first
		if f.base == nil {
			raw[i] = c.unpack(x, f)
			continue
		}
		var base []byte
		for _, chunk := range f.base {
			if x.frames[x.locations[chunk].frame].base != nil {
				c.t.Fatalf("delta %d is coded against chunk %d, which is in a delta", i, chunk)
			}
			base = append(base, x.content(raw, chunk)...)
		}
		raw[i] = c.patch(worker, base, c.packed(x, f), f.raw)
	}
	found := map[[32]byte][]byte{}
	for i, p := range pieces {
		found[p.id] = x.content(raw, i)
	}
	return found
}

// content returns the bytes of a chunk, out of the raw bytes of the frames.
func (x *chunkIndex) content(raw [][]byte, chunk int) []byte {
	at := x.locations[chunk]
	return raw[at.frame][at.offset:][:x.pieces[chunk].size]
}

// packed returns the bytes of a frame or a delta as they lie in the pack.
func (c *chunked) packed(x *chunkIndex, f framePlace) []byte {
	c.t.Helper()
	return blob(c.t, c.dir, x.packs[f.pack])[f.begin:f.end]
}

// unpack returns the raw bytes of a frame.
func (c *chunked) unpack(x *chunkIndex, f framePlace) []byte {
	c.t.Helper()
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer decoder.Close()
	raw, err := decoder.DecodeAll(c.packed(x, f), nil)
	if err != nil || len(raw) != f.raw {
		c.t.Fatalf("frame of %d bytes, %d by the index: %v", len(raw), f.raw, err)
	}
	return raw
}

// patch returns the raw bytes of a delta.
func (c *chunked) patch(w *codec.Worker, base, delta []byte, size int) []byte {
	c.t.Helper()
	copy(w.Buffer()[copy(w.Buffer(), base):], delta)
	raw, err := w.Patch(c.t.Context(), 0, len(base), len(delta), size, nil)
	if err != nil {
		c.t.Fatalf("delta of %d bytes, against %d: %v", len(delta), len(base), err)
	}
	return bytes.Clone(raw)
}

// routines are sealift's, of which this reader takes those for the bytes of deltas and streams, which the page leaves to them.
func routines(t *testing.T) *codec.Codec {
	t.Helper()
	c, err := codec.New(t.Context(), codec.Options{CacheDir: filepath.Join(cache, "sealift")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return c
}

func newWorker(t *testing.T) *codec.Worker {
	t.Helper()
	worker, err := routines(t).Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(worker.Release)
	return worker
}

// readIndex reads the index of the image's pieces.
func (c *chunked) readIndex(pieces []piece) *chunkIndex {
	c.t.Helper()
	var raw []byte
	for _, b := range parse(c.t, blob(c.t, c.dir, c.first(typeIndex).Digest)) {
		if b.kind == kindIndex {
			raw = append(raw, b.raw...)
		}
	}
	n := newNumbers(c.t, raw)
	x := &chunkIndex{pieces: pieces}
	x.readBases(n)
	c.readPacks(n, x)
	x.plain = len(x.packs)
	c.readPacks(n, x)
	x.readFrames(n)
	x.readLocations(n)
	x.readAlternates(n)
	if n.Len() != 0 {
		c.t.Errorf("%d bytes follow the index", n.Len())
	}
	return x
}

func (x *chunkIndex) readBases(n numbers) {
	bases := make([]piece, n.unsigned())
	for i := range bases {
		bases[i].size = n.unsigned()
	}
	for i := range bases {
		bases[i].id = n.hash()
	}
	x.pieces = append(x.pieces[:len(x.pieces):len(x.pieces)], bases...)
}

func (c *chunked) readPacks(n numbers, x *chunkIndex) {
	c.t.Helper()
	for range n.unsigned() {
		hash := n.hash()
		d := digest.NewDigestFromBytes(digest.SHA256, hash[:])
		if size, content := n.unsigned(), blob(c.t, c.dir, d); size != len(content) {
			c.t.Errorf("pack of %d bytes, %d by the index", len(content), size)
		}
		x.packs = append(x.packs, d)
	}
}

func (x *chunkIndex) readFrames(n numbers) {
	pack, end, chunk := 0, 0, 0
	for range n.unsigned() {
		if step := n.unsigned(); step > 0 {
			pack, end = pack+step, 0
		}
		f := framePlace{pack: pack, begin: end + n.unsigned()}
		f.end = f.begin + n.unsigned()
		f.raw = n.unsigned()
		if pack >= x.plain {
			for range n.unsigned() {
				chunk += n.signed()
				for range n.unsigned() {
					f.base = append(f.base, chunk)
					chunk++
				}
			}
		}
		end = f.end
		x.frames = append(x.frames, f)
	}
}

func (x *chunkIndex) readLocations(n numbers) {
	n.t.Helper()
	frame := 0
	for range n.unsigned() {
		run := x.readRun(n, frame, len(x.locations))
		x.locations = append(x.locations, run...)
		frame = run[len(run)-1].frame
	}
	if len(x.locations) != len(x.pieces) {
		n.t.Fatalf("the index has %d locations of %d chunks", len(x.locations), len(x.pieces))
	}
}

// readRun reads a run of chunks, from the given one on, after one that ended in frame.
func (x *chunkIndex) readRun(n numbers, frame, chunk int) (run []location) {
	at := location{frame: frame + n.signed()}
	at.offset = n.unsigned()
	for range n.unsigned() {
		if at.offset == x.frames[at.frame].raw {
			at = location{frame: at.frame + 1}
		}
		run = append(run, at)
		at.offset += x.pieces[chunk].size
		chunk++
	}
	return run
}

// readAlternates skips the alternates: a reader that has no base needs none.
func (x *chunkIndex) readAlternates(n numbers) {
	chunk, frame := 0, 0
	for range n.unsigned() {
		chunk += n.unsigned()
		run := x.readRun(n, frame, chunk)
		chunk += len(run)
		frame = run[len(run)-1].frame
	}
}
