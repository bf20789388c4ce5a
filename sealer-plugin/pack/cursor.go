package pack

import (
	"encoding/binary"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// cursor goes through encoded fields that come from outside. After the first failure, which it keeps, all its fields
// are zero.
type cursor struct {
	b   []byte
	err error
}

// uvarint reads an integer of least to most.
func (c *cursor) uvarint(what string, least, most uint64) uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.failf("%s: no integer", what)
	} else if v < least || v > most {
		c.failf("%s is %d, not %d to %d", what, v, least, most)
	}
	if c.err != nil {
		return 0
	}
	c.b = c.b[n:]
	return v
}

// svarint reads an integer of least to most.
func (c *cursor) svarint(what string, least, most int64) int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.failf("%s: no integer", what)
	} else if v < least || v > most {
		c.failf("%s is %d, not %d to %d", what, v, least, most)
	}
	if c.err != nil {
		return 0
	}
	c.b = c.b[n:]
	return v
}

// count reads the number of things that follow: least to most, each of them at least size bytes long. So what is made
// for that many is never out of proportion to the input.
func (c *cursor) count(what string, least, most uint64, size int) int {
	v := c.uvarint(what, least, most)
	if v > uint64(len(c.b)/size) {
		c.failf("%s is %d, but only %d bytes follow", what, v, len(c.b))
		return 0
	}
	return int(v)
}

// hash reads 32 bytes.
func (c *cursor) hash(what string) (h [32]byte) {
	if len(c.b) < len(h) {
		c.failf("%s: %d bytes left, not 32", what, len(c.b))
	}
	if c.err == nil {
		c.b = c.b[copy(h[:], c.b):]
	}
	return h
}

// end checks that nothing is left.
func (c *cursor) end() {
	if len(c.b) > 0 {
		c.failf("%d bytes too many", len(c.b))
	}
}

func (c *cursor) failf(format string, args ...any) {
	if c.err == nil {
		c.err = damagedf(format, args...)
	}
}

func damagedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", codec.ErrDamaged, fmt.Sprintf(format, args...))
}
