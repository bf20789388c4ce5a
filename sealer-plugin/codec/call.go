package codec

import (
	"context"
	"fmt"
)

// Results of a routine that are not a length or a count.
const (
	codeArgument = -1
	codeSpace    = -2
	codeCorrupt  = -3
	codeMismatch = -4096 // of extent 0; one less for each further extent
)

// callUpTo runs a routine whose only good results are 0 to limit.
func (w *Worker) callUpTo(ctx context.Context, limit int, r routine, args ...uint64) (int, error) {
	result, err := w.call(ctx, r, args...)
	if err != nil {
		return 0, err
	}
	if result < 0 || result > int64(limit) {
		return 0, w.giveUp(r, fmt.Errorf("result %d, at most %d can be", result, limit))
	}
	return int(result), nil
}

// call runs a routine, unless the worker is not in a state to.
func (w *Worker) call(ctx context.Context, r routine, args ...uint64) (int64, error) {
	if w.inst == nil {
		return 0, errReleased
	}
	if w.fault != nil {
		return 0, w.fault
	}
	if w.codec.isClosed() {
		return 0, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	copy(w.stack[:], args)
	if err := w.inst.call(ctx, r, w.stack[:]); err != nil {
		return 0, w.giveUp(r, err)
	}
	return int64(w.stack[0]), nil
}

// giveUp marks the instance as unfit for any further use: after a trap its stack pointer is not restored, and after
// a result that cannot be, nothing is known about it.
func (w *Worker) giveUp(r routine, err error) error {
	w.fault = &TrapError{Routine: r.String(), Err: err}
	return w.fault
}
