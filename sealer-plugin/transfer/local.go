package transfer

import (
	"context"
	"errors"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/store"
	"github.com/sealift/sealift/sealer-plugin/unpacked"
)

// local is what is at hand on this machine: chunks in a store, and in the files of unpacked layers.
type local struct {
	codec    *codec.Codec
	store    *store.Store
	unpacked *unpacked.Layers
}

// missing returns those of chunks that are not at hand, each once, in their order.
func (l local) missing(chunks []codec.Chunk) ([]codec.Chunk, error) {
	return l.store.Missing(l.unpacked.Missing(chunks))
}

func (l local) newReader() *localReader {
	return &localReader{local: l, stored: l.store.NewReader(l.codec), layers: l.unpacked.NewReader()}
}

// newUncheckedReader returns a reader that does not verify chunks of the store, for who verifies what is made of them.
func (l local) newUncheckedReader() *localReader {
	return &localReader{local: l, stored: l.store.NewUncheckedReader(l.codec), layers: l.unpacked.NewReader()}
}

// localReader reads chunks that are at hand. It belongs to one goroutine.
type localReader struct {
	local
	stored *store.Reader
	layers *unpacked.Reader
}

// chunk returns the bytes of a chunk until the next call. Its errors are those of the store.
func (r *localReader) chunk(ctx context.Context, c codec.Chunk) ([]byte, error) {
	if r.unpacked.Has(c.ID) {
		return r.layers.Chunk(ctx, c)
	}
	return r.stored.Chunk(ctx, c)
}

func (r *localReader) close() {
	r.stored.Close()
	r.layers.Close()
}

// isLost says whether a chunk could not be read since it is damaged, or gone.
func isLost(err error) bool {
	return errors.Is(err, codec.ErrDamaged) || errors.Is(err, store.ErrNotFound)
}
