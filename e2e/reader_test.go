package e2e

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
)

// TestSecondReader rebuilds images by a reader that was written from docs/format.md alone, and shares no code with
// sealift but the routine for the bytes of deltas: so the page is complete, and the format is what it says.
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
		blobs[b.Digest] = recipes[b.Recipe].rebuild(chunks)
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
		}
	}
	return r
}

func (r recipe) rebuild(chunks map[[32]byte][]byte) []byte {
	var stream, blob []byte
	for _, p := range r.pieces {
		stream = append(stream, chunks[p.id]...)
	}
	literals := r.literals
	for _, length := range r.lengths {
		blob = append(append(blob, literals[:length[0]]...), stream[:length[1]]...)
		literals, stream = literals[length[0]:], stream[length[1]:]
	}
	return blob
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
