package block

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Reader reads a block stream. It belongs to one goroutine.
type Reader struct {
	r     io.Reader
	codec *codec.Codec
}

// Header is what precedes a block's content.
type Header struct {
	Kind       uint8
	Compressed int // length of the content as it lies in the stream
	Raw        int // length of the content
}

// NewReader returns a reader of the stream in r. If r is also an io.Seeker, content that is skipped is not read.
func NewReader(r io.Reader, c *codec.Codec) *Reader { return &Reader{r: r, codec: c} }

// Next reads the next block. The bytes are valid until the reader's next call. The end block is returned like any other;
// after it comes io.EOF. A stream that is cut short, goes on behind its end block or is no block stream gives codec.ErrDamaged.
func (r *Reader) Next(ctx context.Context) (kind uint8, raw []byte, err error) {
	return 0, nil, errors.New("not written yet")
}

// Header reads the header of the next block and skips what was not read of the one before. It returns io.EOF after the end block.
func (r *Reader) Header() (Header, error) { return Header{}, errors.New("not written yet") }

// Raw reads the content of the block whose header was read last. The bytes are valid until the reader's next call.
func (r *Reader) Raw(ctx context.Context) ([]byte, error) {
	return nil, errors.New("not written yet")
}
