package e2e

import (
	"bytes"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// TestSecondReader rebuilds images by a reader that was written from docs/format.md alone, and shares no code with
// sealift but the routines for the bytes of deltas and streams: so the page is complete, and the format is what it says.
func TestSecondReader(t *testing.T) {
	image := small()
	image.Layers = append(image.Layers, encoded(corpus.Gzip).Layers[0])
	// The second version has chunks in packs of the first.
	later := small()
	later.Built, later.Layers[0] = tuesday, corpus.Tree{
		Seed: 1, Files: 3, Size: 700_000, Built: tuesday, Edits: map[int]uint64{1: 77},
	}.Layer(corpus.Uncompressed)
	// Those after it have deltas, the last one also such of the one before.
	source := series(t, image, later, software(t, 1), software(t, 2), software(t, 3))
	m, p := newMachine(t), directory(t)
	for _, tag := range []string{"v1", "v2", "v3", "v4", "v5"} {
		m.must("push", "oci:"+source+":"+tag, p.tag(tag))
		t.Run(tag, func(t *testing.T) { readsBack(t, p, source, tag) })
	}
	for _, tag := range []string{"v4", "v5"} {
		if len(sizes(chunkedForm(t, p, tag), typeDelta)) == 0 {
			t.Errorf("%s has no deltas", tag)
		}
	}
}

// readsBack checks that the image is the one in source.
func readsBack(t *testing.T, p place, source, tag string) {
	t.Helper()
	c := load(t, p, tag)
	root, err := corpus.Tagged(source, tag)
	if err != nil {
		t.Fatal(err)
	}
	if c.document.Root.Digest != root.Digest {
		t.Fatalf("the root is %s, not %s", c.document.Root.Digest, root.Digest)
	}
	rebuilt := c.rebuild()
	for _, desc := range walk(t, source, root) {
		if content, found := rebuilt[desc.Digest]; !found || digest.FromBytes(content) != desc.Digest {
			t.Errorf("%s was not rebuilt", desc.Digest)
		}
	}
}

// piece is a chunk as a recipe names it.
type piece struct {
	id   [32]byte
	size int
}

// recipe is one that was read.
type recipe struct {
	pieces   []piece
	lengths  [][2]int // of a literal, then of data
	literals []byte   // all of them
	streams  []deflateStream
}

// deflateStream is a stream in a blob.
type deflateStream struct {
	start, end, length int // the first two in the content
	encoding           codec.Encoding
}

// rebuild returns all blobs of the image, by digest.
func (c *chunked) rebuild() map[digest.Digest][]byte {
	c.t.Helper()
	var order []piece
	recipes := map[digest.Digest]recipe{}
	for _, layer := range c.manifest.Layers {
		if layer.MediaType == typeRecipe {
			recipes[layer.Digest] = readRecipe(c.t, blob(c.t, c.dir, layer.Digest))
			order = append(order, recipes[layer.Digest].pieces...)
		}
	}
	chunks := c.chunks(distinct(order))
	blobs := map[digest.Digest][]byte{}
	for _, b := range c.document.Blobs {
		if b.Recipe == "" {
			blobs[b.Digest] = b.Data
			continue
		}
		r := recipes[b.Recipe]
		blobs[b.Digest] = r.deflate(c.t, r.content(chunks))
	}
	return blobs
}

func distinct(all []piece) (first []piece) {
	seen := map[piece]bool{}
	for _, p := range all {
		if !seen[p] {
			first = append(first, p)
		}
		seen[p] = true
	}
	return first
}

func readRecipe(t *testing.T, stream []byte) (r recipe) {
	t.Helper()
	for _, b := range parse(t, stream) {
		n := newNumbers(t, b.raw)
		switch b.kind {
		case kindChunks:
			first := len(r.pieces)
			for range n.unsigned() {
				r.pieces = append(r.pieces, piece{size: 0})
			}
			for i := range r.pieces[first:] {
				r.pieces[first+i].size = n.unsigned()
			}
			for i := range r.pieces[first:] {
				r.pieces[first+i].id = n.hash()
			}
		case kindSkeleton:
			for range n.unsigned() {
				literal := n.unsigned()
				r.lengths = append(r.lengths, [2]int{literal, n.unsigned()})
			}
			r.literals = append(r.literals, b.raw[len(b.raw)-n.Len():]...)
		case kindStreams:
			for range n.unsigned() {
				s := deflateStream{start: n.unsigned()}
				if last := len(r.streams) - 1; last >= 0 {
					s.start += r.streams[last].start
				}
				s.end = s.start + n.unsigned()
				s.length = n.unsigned()
				s.encoding = codec.Encoding{Encoder: codec.Encoder(n.byte()), Level: n.byte()}
				r.streams = append(r.streams, s)
			}
		}
	}
	return r
}

// deflate returns the blob of a content.
func (r recipe) deflate(t *testing.T, content []byte) []byte {
	t.Helper()
	for i := len(r.streams) - 1; i >= 0; i-- { // those inside come later
		s := r.streams[i]
		made := deflated(t, s, content[s.start:s.end])
		content = slices.Concat(content[:s.start], made, content[s.end:])
		for j := range r.streams[:i] {
			if around := &r.streams[j]; around.end >= s.end {
				around.end += len(made) - (s.end - s.start)
			}
		}
	}
	return content
}

// deflated returns the stream that is made of what is inside.
func deflated(t *testing.T, s deflateStream, inside []byte) []byte {
	t.Helper()
	d, err := routines(t).NewDeflater(t.Context(), s.encoding)
	if err != nil {
		t.Fatal(err)
	}
	var made []byte
	for last := false; !last; {
		piece := inside[:min(len(inside), codec.MaxPiece)]
		inside = inside[len(piece):]
		last = len(inside) == 0
		out, err := d.Write(t.Context(), piece, last)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, out...)
	}
	if len(made) < s.length {
		t.Fatalf("%v makes %d bytes, not %d", s.encoding, len(made), s.length)
	}
	return made[:s.length]
}

func (r recipe) content(chunks map[[32]byte][]byte) []byte {
	var stream, content []byte
	for _, p := range r.pieces {
		stream = append(stream, chunks[p.id]...)
	}
	literals := r.literals
	for _, length := range r.lengths {
		content = append(append(content, literals[:length[0]]...), stream[:length[1]]...)
		literals, stream = literals[length[0]:], stream[length[1]:]
	}
	return content
}

// TestPackIsZstd: `zstd -d` of a pack gives its chunks.
func TestPackIsZstd(t *testing.T) {
	source, m, p := layoutOf(t, small()), newMachine(t), directory(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	c := load(t, p, "v1")
	decoder, err := zstd.NewReader(bytes.NewReader(blob(t, c.dir, c.first(typePack).Digest)))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(decoder); err != nil {
		t.Fatal(err)
	}
	if least := 3 * 700_000; raw.Len() < least {
		t.Errorf("%d bytes come out, of at least %d", raw.Len(), least)
	}
}
