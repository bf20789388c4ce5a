package store

import (
	"encoding/binary"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// place says where a chunk lies: which of the chunks of which pack it is, both counted from 0.
type place struct {
	pack, chunk uint32
}

const placeSize = 4 + 4

func (p place) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, placeSize), p.pack)
	return binary.BigEndian.AppendUint32(b, p.chunk)
}

func decodePlace(b []byte) (place, error) {
	if len(b) != placeSize {
		return place{}, fmt.Errorf("%w: index entry of %d bytes", codec.ErrDamaged, len(b))
	}
	return place{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}, nil
}

// entry is a chunk and its place.
type entry struct {
	id codec.ID
	at place
}

// entries returns the index entries of the frame's chunks, given the number of its pack.
func (f *frame) entries(pack uint32) []entry {
	entries := make([]entry, len(f.extents))
	for i, e := range f.extents {
		entries[i] = entry{e.ID, place{pack, f.first + uint32(i)}}
	}
	return entries
}
