package block

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Writer writes a block stream. It belongs to one goroutine.
type Writer struct {
	w     io.Writer
	codec *codec.Codec
	level int
}

// NewWriter returns a writer that puts the stream into w, compressed at a level of codec.MinLevel to codec.MaxLevel.
func NewWriter(w io.Writer, c *codec.Codec, level int) *Writer {
	return &Writer{w: w, codec: c, level: level}
}

// Write adds a block. Its kind is not KindEnd; raw is 1 to codec.MaxFrame bytes.
func (w *Writer) Write(ctx context.Context, kind uint8, raw []byte) error {
	return errors.New("not written yet")
}

// Close adds the end block with the given raw bytes, 1 to codec.MaxFrame. It does not close the writer below.
func (w *Writer) Close(ctx context.Context, end []byte) error {
	return errors.New("not written yet")
}
