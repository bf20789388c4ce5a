package codec

import (
	"context"
	"errors"
)

// Worker runs routines in an instance of its own. It belongs to the goroutine that acquired it.
//
// Each call takes its input from the worker's buffer. A call cannot be interrupted, but none takes long: a context is
// checked before each.
type Worker struct {
	codec *Codec
	inst  instance // nil once released
}

// Release gives the worker's instance back. Neither the worker nor any slice that it returned may be used afterwards,
// also not by other goroutines. Releasing twice is no error.
func (w *Worker) Release() {}

// Buffer is the buffer from which the routines take their input: BufferSize bytes of linear memory, at the same
// place until the worker is released. No routine changes it. It is nil once the worker is released.
func (w *Worker) Buffer() []byte { return nil }

// Split cuts Buffer()[off:off+n] into chunks and appends these, in order, to dst. If final is false, more data will follow: the last chunk is
// left out unless its end cannot depend on that data. The sum of the sizes is what has been consumed; the caller moves the rest to
// where the following data is read. At least MaxChunk bytes give at least one chunk.
func (w *Worker) Split(ctx context.Context, off, n int, final bool, dst []Chunk) ([]Chunk, error) {
	return dst, errors.New("no module")
}

// Compress makes one zstd frame of Buffer()[:n], n being 1 to MaxFrame, at a level of MinLevel to MaxLevel. The frame depends on these bytes and
// the level only. It lies in linear memory and is valid until the worker's next call.
func (w *Worker) Compress(ctx context.Context, n, level int) ([]byte, error) {
	return nil, errors.New("no module")
}

// Restore decompresses the frame in Buffer()[:n], which must be exactly one zstd frame that states a content size of raw bytes, and
// checks that each extent of the result is the chunk that it names. Extents may overlap or leave parts of the frame unnamed.
// The result lies in linear memory and is valid until the worker's next call.
//
// Everything that may come from outside is checked, raw and extents included: if it does not hold, the error
// is ErrDamaged, a *MismatchError where a chunk is not what it should be.
func (w *Worker) Restore(ctx context.Context, n, raw int, extents []Extent) ([]byte, error) {
	return nil, errors.New("no module")
}
