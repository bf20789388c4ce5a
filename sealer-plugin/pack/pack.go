// Package pack reads and writes packs, the blobs in which chunks travel, and the index of an image, which says where
// each of its chunks lies (docs/format.md).
//
// A pack is a sequence of compressed frames of chunks, followed by an index of its own, so that a lost index of an
// image can be made again; it is written once and never changed. A delta pack has deltas back to back instead, and no
// index of its own.
package pack

import "github.com/sealift/sealift/sealer-plugin/codec"

// Sizes of packs in bytes.
const (
	Target  = 32 << 20 // size at which a writer begins the next pack
	MaxSize = 64 << 20 // no pack is longer
)

// Frame is one compressed frame of a pack.
type Frame struct {
	Offset int64         // where it begins in the pack
	Size   uint32        // length as it lies in the pack
	Chunks []codec.Chunk // what it holds, back to back from its beginning
}

// Raw returns the length of the decompressed frame.
func (f Frame) Raw() uint32 {
	var n uint32
	for _, c := range f.Chunks {
		n += c.Size
	}
	return n
}
