package pack

import (
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Writer writes one pack. It belongs to one goroutine.
type Writer struct {
	w io.Writer
}

// NewWriter returns a writer of a pack to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// AddFrame writes a compressed frame that holds the given chunks back to back. It fails, and writes nothing, if the pack would exceed
// MaxSize, or the frame the limits of the format.
func (w *Writer) AddFrame(frame []byte, chunks []codec.Chunk) error {
	return errors.New("not written yet")
}

// Size returns the length of the pack if it were closed now.
func (w *Writer) Size() int64 { return 0 }

// Close writes the pack's index. It does not close the writer below.
func (w *Writer) Close() error { return errors.New("not written yet") }
