package codec

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Worker runs routines in an instance of its own. It belongs to the goroutine that acquired it.
//
// Each call takes its input from the worker's buffer. A call cannot be interrupted, and Go's garbage collector waits
// for it; a context is checked before each.
type Worker struct {
	codec *Codec
	inst  instance // nil once released
	fault error    // why the instance must not be used any more
	stack [maxParams]uint64
}

var errReleased = errors.New("worker was released")

// Release gives the worker's instance back. Neither the worker nor any slice that it returned may be used afterwards,
// also not by other goroutines. Releasing twice is no error.
func (w *Worker) Release() {
	if w.inst == nil {
		return
	}
	inst := w.inst
	w.inst = nil
	if w.fault != nil {
		_ = inst.close(context.Background()) // only unmaps memory
		inst = nil
	}
	w.codec.checkIn(inst)
}

// Buffer is where the routines take their input from: BufferSize bytes of linear memory, at the same place until the
// worker is released. No routine changes it. It is nil once the worker is released.
func (w *Worker) Buffer() []byte {
	if w.inst == nil {
		return nil
	}
	return w.codec.layout.buffer(w.inst.memory())
}

// Split cuts Buffer()[off:off+n] into chunks and appends these, in order, to dst. If final is false, more data will
// follow: the last chunk is left out unless its end cannot depend on that data. The sum of the sizes is what has been
// consumed; the caller moves the rest, less than MaxChunk bytes, to where the following data is read.
func (w *Worker) Split(ctx context.Context, off, n int, final bool, dst []Chunk) ([]Chunk, error) {
	if off < 0 || n < 0 || n > BufferSize || off > BufferSize-n {
		return dst, fmt.Errorf("split %d bytes at %d: outside the buffer of %d", n, off, BufferSize)
	}
	l := w.codec.layout
	count, err := w.callUpTo(ctx, outputSize/recordSize, routineSplit,
		uint64(l.input)+uint64(off), uint64(n), flag(final), uint64(l.output), outputSize)
	if err != nil {
		return dst, err
	}
	return l.appendChunks(slices.Grow(dst, count), w.inst.memory(), count), nil
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Compress makes one zstd frame of Buffer()[:n], n being 1 to MaxFrame, at a level of MinLevel to MaxLevel. The frame
// depends on these bytes and the level only. It lies in linear memory and is valid until the worker's next call.
func (w *Worker) Compress(ctx context.Context, n, level int) ([]byte, error) {
	if n < 1 || n > MaxFrame {
		return nil, fmt.Errorf("compress %d bytes: a frame holds 1 to %d", n, MaxFrame)
	}
	if level < MinLevel || level > MaxLevel {
		return nil, fmt.Errorf("compress at level %d: levels are %d to %d", level, MinLevel, MaxLevel)
	}
	l := w.codec.layout
	size, err := w.callUpTo(ctx, outputSize, routineCompress,
		uint64(l.input), uint64(n), uint64(level), uint64(l.output), outputSize)
	if err != nil {
		return nil, err
	}
	return l.result(w.inst.memory(), size), nil
}

// Restore decompresses the frame in Buffer()[:n], which must be exactly one zstd frame that states a content size of
// raw bytes, and checks that each extent of the result is the chunk that it names. Extents may overlap, and may leave
// parts of the frame unnamed. The result lies in linear memory and is valid until the worker's next call.
//
// Everything is checked that may come from outside, n, raw and extents included: what does not hold is ErrDamaged, a
// *MismatchError where a chunk is not what it should be.
func (w *Worker) Restore(ctx context.Context, n, raw int, extents []Extent) ([]byte, error) {
	if n < 1 || n > MaxCompressedFrame {
		return nil, fmt.Errorf("%w: a frame of %d bytes, not 1 to %d", ErrDamaged, n, MaxCompressedFrame)
	}
	if raw < 1 || raw > MaxFrame {
		return nil, fmt.Errorf("%w: a frame of %d raw bytes, not 1 to %d", ErrDamaged, raw, MaxFrame)
	}
	if err := checkExtents(extents, raw); err != nil {
		return nil, err
	}
	l := w.codec.layout
	return w.verified(ctx, routineRestore, raw, extents, uint64(l.input), uint64(n))
}

func checkExtents(extents []Extent, raw int) error {
	for i, e := range extents {
		if e.Size < 1 || e.Size > MaxChunk {
			return fmt.Errorf("%w: chunk %d has %d bytes, not 1 to %d", ErrDamaged, i, e.Size, MaxChunk)
		}
		if uint64(e.Offset)+uint64(e.Size) > uint64(raw) {
			return fmt.Errorf("%w: chunk %d, %d bytes at %d, lies outside of %d raw bytes",
				ErrDamaged, i, e.Size, e.Offset, raw)
		}
	}
	return nil
}

// verified runs a routine that makes raw bytes of its input and checks extents in them, which are the parameters after
// those of the input. It does so as often as it takes to check all extents: once, but for very many tiny chunks.
func (w *Worker) verified(ctx context.Context, r routine, raw int, extents []Extent, input ...uint64) ([]byte, error) {
	l := w.codec.layout
	for done := 0; ; {
		batch := extents[done:min(done+l.extentCap, len(extents))]
		result, err := w.verifyBatch(ctx, r, raw, batch, input)
		if err != nil {
			return nil, err
		}
		if k := codeMismatch - result; k >= 0 && k < int64(len(batch)) {
			return nil, &MismatchError{Index: done + int(k), Chunk: batch[k].Chunk}
		}
		if result == codeCorrupt {
			return nil, fmt.Errorf("%w: the input of %v does not give %d raw bytes", ErrDamaged, r, raw)
		}
		if result != int64(raw) {
			return nil, w.giveUp(r, fmt.Errorf("result %d for %d raw bytes", result, raw))
		}
		if done += len(batch); done == len(extents) {
			return l.result(w.inst.memory(), raw), nil
		}
	}
}

// verifyBatch checks extents of which there are at most as many as fit.
func (w *Worker) verifyBatch(ctx context.Context, r routine, raw int, extents []Extent, input []uint64) (int64, error) {
	if w.inst == nil {
		return 0, errReleased
	}
	l := w.codec.layout
	l.putExtents(w.inst.memory(), extents)
	var args [maxParams]uint64
	n := copy(args[:], input)
	n += copy(args[n:], []uint64{uint64(l.extents), uint64(len(extents)), uint64(l.output), uint64(raw)})
	return w.call(ctx, r, args[:n]...)
}
