package recipe

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Rebuild writes the blob to w. It asks data for the bytes of each chunk, in the order of Chunks; they must stay valid until
// it asks for the next. Both run on goroutines of Rebuild's choice, but never after it returned.
//
// What was written is the blob only if the error is nil. Data that does not fit the recipe, and a blob whose size or digest is not
// the one that the recipe states, are codec.ErrDamaged.
func (r *Recipe) Rebuild(ctx context.Context, w io.Writer, data func(context.Context, codec.Chunk) ([]byte, error)) error {
	return errors.New("not written yet")
}
