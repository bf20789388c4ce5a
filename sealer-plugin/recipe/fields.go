package recipe

import (
	"encoding/binary"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// fields goes through the fields of a block. When one is not there, it is bad from then on, and all further ones are
// zero.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.rest)
	if f.bad = f.bad || n <= 0; f.bad {
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) byte() (b byte) {
	if f.bad = f.bad || len(f.rest) == 0; !f.bad {
		b, f.rest = f.rest[0], f.rest[1:]
	}
	return b
}

func (f *fields) hash() (h [32]byte) {
	if f.bad = f.bad || len(f.rest) < len(h); !f.bad {
		f.rest = f.rest[copy(h[:], f.rest):]
	}
	return h
}

func damagedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", codec.ErrDamaged, fmt.Sprintf(format, args...))
}
