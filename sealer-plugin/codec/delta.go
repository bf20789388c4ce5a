package codec

import (
	"context"
	"fmt"
)

// Delta codes Buffer()[off+base:][:n], n being 1 to MaxDelta, by how it differs from Buffer()[off:][:base], base being at
// most MaxDeltaBase. Bytes that are in neither alike are compressed at a level of MinLevel to MaxLevel. The delta depends on
// these bytes and the level only. It lies in linear memory and is valid until the worker's next call.
//
// The result is nil if the delta would have more than limit bytes, or more than n. That is found out the sooner the less the
// two have in common; of long runs some samples are enough, which can be wrong where the delta would be about as long as that.
func (w *Worker) Delta(ctx context.Context, off, base, n, level, limit int) ([]byte, error) {
	if base < 0 || base > MaxDeltaBase || n < 1 || n > MaxDelta || off < 0 || off > BufferSize-base-n {
		return nil, fmt.Errorf("delta of %d bytes against %d at %d: limits are %d and %d", n, base, off, MaxDelta, MaxDeltaBase)
	}
	if level < MinLevel || level > MaxLevel {
		return nil, fmt.Errorf("delta at level %d: levels are %d to %d", level, MinLevel, MaxLevel)
	}
	l := w.codec.layout
	room := max(0, min(limit, n))
	size, err := w.call(ctx, routineDelta,
		uint64(l.input)+uint64(off), uint64(base), uint64(l.input)+uint64(off+base), uint64(n), uint64(level), uint64(l.output), uint64(room))
	if err != nil || size == codeSpace {
		return nil, err
	}
	if size < 0 || size > int64(room) {
		return nil, w.giveUp(routineDelta, fmt.Errorf("result %d, at most %d can be", size, room))
	}
	return l.result(w.inst.memory(), int(size)), nil
}

// Patch makes raw bytes of Buffer()[off:][:base] by the delta in Buffer()[off+base:][:n], and checks that each extent of the result
// is the chunk that it names, as Restore does. The result lies in linear memory and is valid until the worker's next call.
//
// A delta tells nothing of its base: against another one it gives other bytes, or ErrDamaged. As in Restore, everything is
// checked that may come from outside, base, n, raw and extents included: what does not hold is ErrDamaged, a
// *MismatchError where a chunk is not what it should be.
func (w *Worker) Patch(ctx context.Context, off, base, n, raw int, extents []Extent) ([]byte, error) {
	if base < 0 || base > MaxDeltaBase {
		return nil, fmt.Errorf("%w: a base of %d bytes, not 0 to %d", ErrDamaged, base, MaxDeltaBase)
	}
	if n < 1 || n > MaxDelta {
		return nil, fmt.Errorf("%w: a delta of %d bytes, not 1 to %d", ErrDamaged, n, MaxDelta)
	}
	if raw < 1 || raw > MaxDelta {
		return nil, fmt.Errorf("%w: a delta of %d raw bytes, not 1 to %d", ErrDamaged, raw, MaxDelta)
	}
	if off < 0 || off > BufferSize-base-n {
		return nil, fmt.Errorf("patch at %d: outside the buffer of %d", off, BufferSize)
	}
	if err := checkExtents(extents, raw); err != nil {
		return nil, err
	}
	l := w.codec.layout
	return w.verified(ctx, routinePatch, raw, extents,
		uint64(l.input)+uint64(off), uint64(base), uint64(l.input)+uint64(off+base), uint64(n))
}
