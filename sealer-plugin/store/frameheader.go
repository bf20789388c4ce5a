package store

import (
	"encoding/binary"
	"errors"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const zstdMagic = 0xFD2FB528

// rawSize returns the content size that a zstd frame states in its header (RFC 8878, section 3.1.1.1).
func rawSize(frame []byte) (uint32, error) {
	if len(frame) < 5 || binary.LittleEndian.Uint32(frame) != zstdMagic {
		return 0, errors.New("not a zstd frame")
	}
	descriptor := frame[4]
	singleSegment := descriptor>>5&1 == 1
	width := [...]int{0, 2, 4, 8}[descriptor>>6]
	if width == 0 && singleSegment {
		width = 1
	}
	if width == 0 {
		return 0, errors.New("frame does not state its content size")
	}
	at := 5 + [...]int{0, 1, 2, 4}[descriptor&3] // behind the dictionary ID
	if !singleSegment {
		at++ // and the window descriptor
	}
	if len(frame) < at+width {
		return 0, errors.New("frame ends within its header")
	}
	size := littleEndian(frame[at : at+width])
	if width == 2 {
		size += 256
	}
	if size == 0 || size > codec.MaxFrame {
		return 0, errors.New("frame's content size is outside the limits")
	}
	return uint32(size), nil
}

// littleEndian returns the number in at most eight bytes.
func littleEndian(b []byte) uint64 {
	var eight [8]byte
	copy(eight[:], b)
	return binary.LittleEndian.Uint64(eight[:])
}
