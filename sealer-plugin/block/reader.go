package block

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Reader reads a block stream, either block after block with Next, or with Header and, for the blocks that matter,
// Raw. It belongs to one goroutine. After an error, io.EOF included, every further call returns that error.
//
// A stream that is cut short, goes on behind its end block, or is no block stream gives codec.ErrDamaged. Errors of
// the reader below are passed on.
type Reader struct {
	r      io.Reader
	codec  *codec.Codec
	block  int    // number of the current block, from 1
	head   Header // of the current block
	unread bool   // whether the current block's content is still in r
	raw    []byte // content of the block that was read last
	err    error  // sticky
}

// NewReader returns a reader of the stream in r, which must end where the stream ends. If r is also an io.Seeker,
// content that is skipped is not read.
func NewReader(r io.Reader, c *codec.Codec) *Reader { return &Reader{r: r, codec: c} }

// Next reads the next block: Header and Raw in one call. The end block is returned like any other; after it comes
// io.EOF. The bytes are valid until the reader's next call.
func (r *Reader) Next(ctx context.Context) (kind uint8, raw []byte, err error) {
	h, err := r.Header()
	if err != nil {
		return 0, nil, err
	}
	raw, err = r.Raw(ctx)
	return h.Kind, raw, err
}

// Header goes to the next block, past whatever of the current one was not read, and returns its header, or io.EOF
// after the end block.
func (r *Reader) Header() (Header, error) {
	if r.err == nil {
		r.head, r.err = r.advance()
	}
	if r.err != nil {
		return Header{}, r.err
	}
	return r.head, nil
}

// Raw returns the content of the block whose header was returned last. The bytes are valid until the reader's next
// call.
func (r *Reader) Raw(ctx context.Context) ([]byte, error) {
	if r.err == nil && r.block == 0 {
		return nil, errors.New("read block: content before the first header")
	}
	if r.err == nil && r.unread {
		r.err = r.place(r.read(ctx))
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.raw, nil
}

// advance leaves the current block behind and reads the next header.
func (r *Reader) advance() (Header, error) {
	if r.unread {
		if err := r.skip(); err != nil {
			return Header{}, r.place(err)
		}
	}
	if r.block > 0 && r.head.Kind == KindEnd {
		return Header{}, io.EOF
	}
	r.block++
	var b [headerSize]byte
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return Header{}, r.place(cutShort(err))
	}
	h, err := decodeHeader(b)
	r.unread = err == nil
	return h, r.place(err)
}

// read restores the current block's content.
func (r *Reader) read(ctx context.Context) error {
	worker, err := r.codec.Acquire(ctx)
	if err != nil {
		return err
	}
	defer worker.Release()
	if _, err := io.ReadFull(r.r, worker.Buffer()[:r.head.Compressed]); err != nil {
		return cutShort(err)
	}
	r.unread = false
	raw, err := worker.Restore(ctx, r.head.Compressed, r.head.Raw, nil)
	if err != nil {
		return err
	}
	r.raw = append(r.raw[:0], raw...)
	return r.checkEnd()
}

// skip passes over the current block's content. The end block's is always read: nothing that follows would show that it
// is cut short.
func (r *Reader) skip() error {
	r.unread = false
	n := int64(r.head.Compressed)
	if s, ok := r.r.(io.Seeker); ok && r.head.Kind != KindEnd {
		if _, err := s.Seek(n, io.SeekCurrent); err == nil {
			return nil
		}
	}
	if _, err := io.CopyN(io.Discard, r.r, n); err != nil {
		return cutShort(err)
	}
	return r.checkEnd()
}

// checkEnd checks that nothing follows if the current block is the end block.
func (r *Reader) checkEnd() error {
	if r.head.Kind != KindEnd {
		return nil
	}
	var b [1]byte
	switch _, err := io.ReadFull(r.r, b[:]); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("%w: data follows the end block", codec.ErrDamaged)
	default:
		return err
	}
}

// cutShort makes of the reader's end an error that says what it means in the midst of a block.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the stream is cut short", codec.ErrDamaged)
	}
	return err
}

// place adds to an error where in the stream it arose.
func (r *Reader) place(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("block %d: %w", r.block, err)
}
