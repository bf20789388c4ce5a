package recipe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// builder sends every byte of a blob, or of what is inside of gzip files in it, either to the recipe, as a literal, or to the
// splitter, as data.
type builder struct {
	ctx    context.Context // of the one call of Build that this is for
	codec  *codec.Codec
	source *source
	w      *writer
	data   *splitter
	hash   *hasher
	files  openFiles
	passed int64 // bytes of data so far

	running  sync.WaitGroup // inflations
	inflated atomic.Int64   // bytes, of gzip files

	keepGzip  bool
	encodings []codec.Encoding // that streams are tried to be made by
}

// readData takes n bytes of data, or what there is of them.
func (b *builder) readData(r *bufio.Reader, n int64) (int64, error) {
	n, err := b.data.read(b.ctx, r, n)
	b.w.addData(n)
	b.passed += n
	return n, err
}

// cut has what follows begin a chunk of its own.
func (b *builder) cut() error { return b.data.cut(b.ctx) }

// literal makes literals of the next n bytes, or what there is of them.
func (b *builder) literal(r *bufio.Reader, n int) error {
	for n > 0 {
		ahead, err := r.Peek(min(n, r.Size()))
		if len(ahead) == 0 {
			return ignoreEOF(err)
		}
		if err := b.w.addLiteral(b.ctx, ahead); err != nil {
			return err
		}
		if _, err := r.Discard(len(ahead)); err != nil {
			return err
		}
		n -= len(ahead)
	}
	return nil
}

// ignoreEOF returns err unless it is io.EOF.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
