// Package recipe takes blobs apart into recipes and chunks, and rebuilds them byte for byte (docs/format.md).
//
// A recipe holds a blob's literals, which are the headers and the padding of a tar, and the list of the chunks into
// which the rest of the blob, its data, was cut. So what changes from one version of an image to the next without any
// change of files' contents, such as times and owners, changes recipes only, and no chunk.
package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Kinds of the blocks of a recipe.
const (
	kindChunks   uint8 = 1
	kindSkeleton uint8 = 2
	kindStreams  uint8 = 4
)

// MaxChunks is the greatest number of chunks in a recipe, those that repeat included.
const MaxChunks = 1 << 24

// maxLength is how long what is in a recipe can be, in bytes; no sum of two exceeds an int64.
const maxLength = math.MaxInt64 / 4

// Least lengths of what blocks list, in bytes.
const (
	minChunk = 1 + len(codec.ID{})
	minPair  = 2
)

// Recipe is an opened recipe. It is safe for concurrent use if the reader below is.
type Recipe struct {
	Chunks  []codec.Chunk // of the data, in order; a chunk that repeats is listed again
	Streams []Stream      // in the order in which they begin
	Size    int64         // length of the blob
	Digest  digest.Digest // sha256 of the blob

	codec *codec.Codec
	r     io.ReaderAt
	size  int64 // of r
	data  int64 // sum of the chunks' sizes

	content int64   // length of literals and data; until the end is read, how much that is more than Size
	ended   int64   // where the last stream ends
	open    []int64 // where the streams end that may not be over yet, as they are read
}

// Open reads the list of chunks from the recipe of size bytes in r, which must stay readable as long as the Recipe is
// used. The literals are not read. A recipe that is cut short, changed or outside the limits of the format is
// codec.ErrDamaged.
func Open(ctx context.Context, c *codec.Codec, r io.ReaderAt, size int64) (*Recipe, error) {
	recipe := &Recipe{codec: c, r: r, size: size}
	if err := recipe.read(ctx); err != nil {
		return nil, fmt.Errorf("open recipe: %w", err)
	}
	return recipe, nil
}

// WriteTo writes the recipe, as it was opened, to w.
func (r *Recipe) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, io.NewSectionReader(r.r, 0, r.size))
}

// blocks reads the recipe from its beginning.
func (r *Recipe) blocks() *block.Reader {
	return block.NewReader(io.NewSectionReader(r.r, 0, r.size), r.codec)
}

// read reads all but the skeleton.
func (r *Recipe) read(ctx context.Context) error {
	blocks := r.blocks()
	for {
		header, err := blocks.Header()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		parse := r.parseChunks
		switch header.Kind {
		case kindSkeleton:
			continue
		case kindChunks:
		case kindStreams:
			parse = r.parseStreams
		case block.KindEnd:
			parse = r.parseEnd
		default:
			return damagedf("a block of kind %d", header.Kind)
		}
		raw, err := blocks.Raw(ctx)
		if err != nil {
			return err
		}
		if err := parse(raw); err != nil {
			return err
		}
	}
}

func (r *Recipe) parseChunks(raw []byte) error {
	f := fields{rest: raw}
	count := f.uvarint()
	if count > uint64(len(f.rest)/minChunk) {
		return damagedf("a block of %d bytes with %d chunks", len(raw), count)
	}
	if count > uint64(MaxChunks-len(r.Chunks)) {
		return damagedf("more than %d chunks", MaxChunks)
	}
	first := len(r.Chunks)
	for range count {
		size := f.uvarint()
		if size < 1 || size > codec.MaxChunk {
			return damagedf("a chunk of %d bytes", size)
		}
		r.Chunks = append(r.Chunks, codec.Chunk{Size: uint32(size)})
		r.data += int64(size)
	}
	for i := range r.Chunks[first:] {
		r.Chunks[first+i].ID = f.hash()
	}
	if f.bad || len(f.rest) > 0 {
		return damagedf("a block whose length is not that of its %d chunks", count)
	}
	return nil
}

func (r *Recipe) parseEnd(raw []byte) error {
	f := fields{rest: raw}
	count, size, sum := f.uvarint(), f.uvarint(), f.hash()
	if f.bad || len(f.rest) > 0 || size > maxLength {
		return damagedf("an end block of other content")
	}
	if count != uint64(len(r.Chunks)) {
		return damagedf("%d chunks, not %d", len(r.Chunks), count)
	}
	r.Size = int64(size)
	r.Digest = digest.NewDigestFromBytes(digest.SHA256, sum[:])
	r.content += r.Size
	if r.data > r.content || r.ended > r.content {
		return damagedf("%d bytes of chunks, and streams up to %d, in %d bytes", r.data, r.ended, r.content)
	}
	return nil
}
