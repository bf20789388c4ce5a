package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// The chunked form, as docs/format.md has it.
const (
	typeImage  = "application/vnd.sealift.image.v1"
	typeIndex  = "application/vnd.sealift.index.v1"
	typeRecipe = "application/vnd.sealift.recipe.v1"
	typePack   = "application/vnd.sealift.pack.v1"
	typeDelta  = "application/vnd.sealift.delta.v1"

	kindEnd      = 0
	kindChunks   = 1
	kindSkeleton = 2
	kindStreams  = 4
	kindIndex    = 3
)

// chunkedForm returns the manifest of the chunked image tag.
func chunkedForm(t *testing.T, p place, tag string) ocispec.Manifest {
	t.Helper()
	var manifest ocispec.Manifest
	if dir, ok := strings.CutPrefix(p.prefix, "oci:"); ok {
		root, err := corpus.Tagged(dir, tag)
		if err != nil {
			t.Fatal(err)
		}
		return manifestOf(t, dir, root.Digest)
	}
	host, repository, _ := strings.Cut(p.prefix, "/")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		fmt.Sprintf("http://%s/v2/%s/manifests/%s", host, repository, tag), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", ocispec.MediaTypeImageManifest)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&manifest); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("manifest %s: %s, %v", tag, answer.Status, err)
	}
	return manifest
}

// sizes returns the layers of a media type, with their sizes.
func sizes(manifest ocispec.Manifest, mediaType string) map[digest.Digest]int64 {
	found := map[digest.Digest]int64{}
	for _, layer := range manifest.Layers {
		if layer.MediaType == mediaType {
			found[layer.Digest] = layer.Size
		}
	}
	return found
}

// packsOf returns the packs of an image, also those of deltas, with their sizes.
func packsOf(manifest ocispec.Manifest) map[digest.Digest]int64 {
	packs := sizes(manifest, typePack)
	maps.Copy(packs, sizes(manifest, typeDelta))
	return packs
}

// noChunks checks that nothing of a pack went either way.
func noChunks(t *testing.T, passed traffic, manifest ocispec.Manifest) {
	t.Helper()
	packs := packsOf(manifest)
	for d := range passed.uploaded() {
		if packs[d] > 0 {
			t.Errorf("pack %s was uploaded", d)
		}
	}
	for d, n := range passed.fetched() {
		if packs[d] > 0 && n > 0 {
			t.Errorf("%d bytes of pack %s were fetched", n, d)
		}
	}
}

// document is the image document.
type document struct {
	Root   ocispec.Descriptor  `json:"root"`
	Origin *ocispec.Descriptor `json:"origin,omitempty"`
	Blobs  []struct {
		ocispec.Descriptor
		Recipe digest.Digest `json:"recipe,omitempty"`
	} `json:"blobs"`
}

// chunked is a chunked image in a directory, open for reading and for tampering.
type chunked struct {
	t        *testing.T
	dir      string
	manifest ocispec.Manifest
	document document
}

func load(t *testing.T, p place, tag string) *chunked {
	t.Helper()
	c := &chunked{t: t, dir: strings.TrimPrefix(p.prefix, "oci:"), manifest: chunkedForm(t, p, tag)}
	if err := json.Unmarshal(blob(t, c.dir, c.manifest.Config.Digest), &c.document); err != nil {
		t.Fatal(err)
	}
	return c
}

// first returns the first layer of a media type.
func (c *chunked) first(mediaType string) *ocispec.Descriptor {
	c.t.Helper()
	for i := range c.manifest.Layers {
		if c.manifest.Layers[i].MediaType == mediaType {
			return &c.manifest.Layers[i]
		}
	}
	c.t.Fatalf("the image has no %s", mediaType)
	return nil
}

// put writes content as a blob, and makes desc describe it.
func (c *chunked) put(desc *ocispec.Descriptor, content []byte) {
	c.t.Helper()
	desc.Digest, desc.Size = digest.FromBytes(content), int64(len(content))
	rewrite(c.t, corpus.BlobPath(c.dir, desc.Digest), content)
}

// replace puts other content in the place of the layer desc, in the manifest and in the image document.
func (c *chunked) replace(desc *ocispec.Descriptor, content []byte) {
	c.t.Helper()
	old := desc.Digest
	c.put(desc, content)
	encoded := bytes.ReplaceAll(blob(c.t, c.dir, c.manifest.Config.Digest), []byte(old), []byte(desc.Digest))
	c.put(&c.manifest.Config, encoded)
}

// commit writes the manifest, and the tag.
func (c *chunked) commit(tag string) {
	c.t.Helper()
	encoded, err := json.Marshal(c.manifest)
	if err != nil {
		c.t.Fatal(err)
	}
	root := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest}
	c.put(&root, encoded)
	layout, err := corpus.NewLayout(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := layout.Tag(root, tag); err != nil {
		c.t.Fatal(err)
	}
}

// block is one block of a recipe or an index.
type block struct {
	kind byte
	raw  []byte
}

const blockHeader = 20

// parse returns the blocks of a stream.
func parse(t *testing.T, stream []byte) []block {
	t.Helper()
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	var blocks []block
	for len(stream) > 0 {
		if len(stream) < blockHeader || !bytes.HasPrefix(stream, header(0, 0, 0)[:11]) {
			t.Fatalf("no block header: %x", stream[:min(len(stream), blockHeader)])
		}
		compressed, raw := binary.LittleEndian.Uint32(stream[12:]), binary.LittleEndian.Uint32(stream[16:])
		content, err := decoder.DecodeAll(stream[blockHeader:][:compressed], nil)
		if err != nil || len(content) != int(raw) {
			t.Fatalf("block of %d bytes, said to be %d: %v", len(content), raw, err)
		}
		blocks = append(blocks, block{kind: stream[11], raw: content})
		stream = stream[blockHeader+compressed:]
	}
	return blocks
}

// format returns the stream of the blocks.
func format(t *testing.T, blocks []block) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var stream []byte
	for _, b := range blocks {
		frame := encoder.EncodeAll(b.raw, nil)
		stream = append(stream, header(b.kind, len(frame), len(b.raw))...)
		stream = append(stream, frame...)
	}
	return stream
}

func header(kind byte, compressed, raw int) []byte {
	h := binary.LittleEndian.AppendUint32(nil, 0x184D2A5D)
	h = binary.LittleEndian.AppendUint32(h, 12)
	h = append(h, 'S', 'B', 1, kind)
	h = binary.LittleEndian.AppendUint32(h, uint32(compressed))
	return binary.LittleEndian.AppendUint32(h, uint32(raw))
}

// numbers reads the varints of a block.
type numbers struct {
	t *testing.T
	*bytes.Reader
}

func newNumbers(t *testing.T, raw []byte) numbers { return numbers{t, bytes.NewReader(raw)} }

func (n numbers) unsigned() int {
	n.t.Helper()
	v, err := binary.ReadUvarint(n)
	if err != nil {
		n.t.Fatal(err)
	}
	return int(v)
}

func (n numbers) byte() uint8 {
	n.t.Helper()
	b, err := n.ReadByte()
	if err != nil {
		n.t.Fatal(err)
	}
	return b
}

func (n numbers) signed() int {
	n.t.Helper()
	v, err := binary.ReadVarint(n)
	if err != nil {
		n.t.Fatal(err)
	}
	return int(v)
}

func (n numbers) hash() (h [32]byte) {
	n.t.Helper()
	if _, err := io.ReadFull(n, h[:]); err != nil {
		n.t.Fatal(err)
	}
	return h
}
