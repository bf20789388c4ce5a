package block

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Writer writes a block stream. It belongs to one goroutine. A block that is refused for its kind or size changes
// nothing; after any other error the stream is of no use, and every further call returns that error.
type Writer struct {
	w     io.Writer
	codec *codec.Codec
	level int
	err   error // sticky
}

// NewWriter returns a writer that puts a stream into w, compressed at a level of codec.MinLevel to codec.MaxLevel. It
// writes nothing by itself: each block goes out in full before Write returns.
func NewWriter(w io.Writer, c *codec.Codec, level int) *Writer {
	return &Writer{w: w, codec: c, level: level}
}

// Write adds a block. Its kind is not KindEnd; raw is 1 to codec.MaxFrame bytes and is not kept.
func (w *Writer) Write(ctx context.Context, kind uint8, raw []byte) error {
	if kind == KindEnd {
		return errors.New("write block: the end block is written by Close")
	}
	return w.write(ctx, kind, raw)
}

// Close writes the end block with 1 to codec.MaxFrame raw bytes. It does not close what the writer writes to. Nothing
// can be written afterwards.
func (w *Writer) Close(ctx context.Context, end []byte) error {
	if err := w.write(ctx, KindEnd, end); err != nil {
		return err
	}
	w.err = errors.New("write block: the stream has ended")
	return nil
}

func (w *Writer) write(ctx context.Context, kind uint8, raw []byte) error {
	if w.err != nil {
		return w.err
	}
	if len(raw) < 1 || len(raw) > codec.MaxFrame {
		return fmt.Errorf("write block of %d bytes: a block holds 1 to %d", len(raw), codec.MaxFrame)
	}
	if err := w.put(ctx, kind, raw); err != nil {
		w.err = fmt.Errorf("write block: %w", err)
	}
	return w.err
}

func (w *Writer) put(ctx context.Context, kind uint8, raw []byte) error {
	worker, err := w.codec.Acquire(ctx)
	if err != nil {
		return err
	}
	defer worker.Release()
	copy(worker.Buffer(), raw)
	frame, err := worker.Compress(ctx, len(raw), w.level)
	if err != nil {
		return err
	}
	header := Header{Kind: kind, Compressed: len(frame), Raw: len(raw)}.encode()
	if _, err := w.w.Write(header[:]); err != nil {
		return err
	}
	_, err = w.w.Write(frame)
	return err
}
