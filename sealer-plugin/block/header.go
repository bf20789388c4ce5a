package block

import (
	"encoding/binary"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A header is a skippable zstd frame (RFC 8878, 3.1.2) with twelve bytes of content.
const (
	headerSize  = 20
	magic       = 0x184D2A5D
	contentSize = headerSize - 8
	signature   = "SB"
	version     = 1
)

// Header precedes the content of a block.
type Header struct {
	Kind       uint8
	Compressed int // length of the content as it lies in the stream: 1 to codec.MaxCompressedFrame
	Raw        int // length of the content: 1 to codec.MaxFrame
}

func (h Header) encode() [headerSize]byte {
	var b [headerSize]byte
	binary.LittleEndian.PutUint32(b[0:], magic)
	binary.LittleEndian.PutUint32(b[4:], contentSize)
	copy(b[8:], signature)
	b[10] = version
	b[11] = h.Kind
	binary.LittleEndian.PutUint32(b[12:], uint32(h.Compressed))
	binary.LittleEndian.PutUint32(b[16:], uint32(h.Raw))
	return b
}

// decodeHeader checks everything that a header says against the limits of the format.
func decodeHeader(b [headerSize]byte) (Header, error) {
	if binary.LittleEndian.Uint32(b[0:]) != magic || binary.LittleEndian.Uint32(b[4:]) != contentSize ||
		string(b[8:10]) != signature {
		return Header{}, fmt.Errorf("%w: no block header", codec.ErrDamaged)
	}
	if b[10] != version {
		return Header{}, fmt.Errorf("%w: block of version %d, not %d", codec.ErrDamaged, b[10], version)
	}
	compressed, raw := binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[16:])
	if compressed < 1 || compressed > codec.MaxCompressedFrame || raw < 1 || raw > codec.MaxFrame {
		return Header{}, fmt.Errorf("%w: block of %d bytes, %d raw, outside the limits", codec.ErrDamaged, compressed, raw)
	}
	return Header{Kind: b[11], Compressed: int(compressed), Raw: int(raw)}, nil
}
