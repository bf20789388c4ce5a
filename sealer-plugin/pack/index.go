package pack

import (
	"context"
	"errors"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// MaxIndex is the greatest length of an encoded index before compression, in bytes.
const MaxIndex = 64 << 20

// Index says where the chunks of an image lie. The chunks themselves are not part of it: they are known from the image's
// recipes, and the index names their places in the order in which the recipes name them for the first time.
type Index struct {
	Packs     []Ref      // in the order of the manifest's layers
	Frames    []Place    // in order of pack and offset; each holds at least one chunk of the image
	Locations []Location // of each distinct chunk, in order
}

// Ref names a pack.
type Ref struct {
	Digest digest.Digest // sha256
	Size   int64         // 1 to MaxSize
}

// Place is where a frame lies.
type Place struct {
	Pack   int    // position in Index.Packs
	Offset int64  // in the pack
	Size   uint32 // length as it lies there
	Raw    uint32 // length when decompressed
}

// Location is where a chunk lies.
type Location struct {
	Frame  int    // position in Index.Frames
	Offset uint32 // in the decompressed frame
}

// Encode writes the index as a block stream to w, compressed at level. chunks are the distinct chunks of the image, parallel
// to Locations.
func (x *Index) Encode(ctx context.Context, w io.Writer, c *codec.Codec, level int, chunks []codec.Chunk) error {
	return errors.New("not written yet")
}

// DecodeIndex reads an index that was encoded with the same chunks. Every place in the result lies within what holds it. All that
// does not hold is codec.ErrDamaged.
func DecodeIndex(ctx context.Context, r io.Reader, c *codec.Codec, chunks []codec.Chunk) (*Index, error) {
	return nil, errors.New("not written yet")
}
