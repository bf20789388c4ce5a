// Package recipe takes blobs apart into recipes and chunks, and rebuilds them byte for byte (docs/format.md).
//
// A recipe holds a blob's literals, which are the headers and the padding of a tar, and the list of the chunks into which the rest
// of the blob, its data, was cut. So what changes from one version of an image to the next without any change of files' contents,
// such as times and owners, changes recipes only, and no chunk.
package recipe

import (
	"context"
	"errors"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Recipe is an opened recipe. It is safe for concurrent use if the reader below is.
type Recipe struct {
	Chunks []codec.Chunk // of the data, in order; a chunk that repeats is listed again
	Size   int64         // length of the blob
	Digest digest.Digest // sha256 of the blob

	codec *codec.Codec
	r     io.ReaderAt
	size  int64
}

// Open reads the list of chunks from the recipe of size bytes in r, which must stay readable as long as the Recipe is used.
// The literals are not read. A recipe that is cut short, changed or outside the limits of the format is codec.ErrDamaged.
func Open(ctx context.Context, c *codec.Codec, r io.ReaderAt, size int64) (*Recipe, error) {
	return nil, errors.New("not written yet")
}
