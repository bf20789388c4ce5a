package codec

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrDamaged is what every package of Sealift wraps when stored or received bytes are not what they must be: cut
	// short, changed, or outside the limits of the format.
	ErrDamaged = errors.New("damaged data")

	// ErrClosed is returned by a codec, and by its workers, after Close.
	ErrClosed = errors.New("codec is closed")
)

// MismatchError says that a frame or a delta was intact as far as its decoder can tell, but a chunk in it is not the one
// that it should be. It unwraps to ErrDamaged.
type MismatchError struct {
	Index int   // position in the extents given to Restore or Patch
	Chunk Chunk // the chunk that should have been there
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%v: chunk %d is not %v", ErrDamaged, e.Index, e.Chunk.ID)
}

func (e *MismatchError) Unwrap() error { return ErrDamaged }

// TrapError says that a routine broke off, or gave a result that it never may. No input causes that: it is a bug. The
// instance in which it happened is never used again; other workers are not affected.
type TrapError struct {
	Routine string // "split", "compress", "restore", "delta" or "patch"
	Err     error  // what the engine said, often with a stack trace in further lines
}

func (e *TrapError) Error() string {
	reason, _, _ := strings.Cut(e.Err.Error(), "\n")
	return fmt.Sprintf("storage routine %s broke off: %s", e.Routine, reason)
}

func (e *TrapError) Unwrap() error { return e.Err }
