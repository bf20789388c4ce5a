package pack

import (
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// MaxIndex is the greatest length of an encoded index before compression, in bytes.
const MaxIndex = 64 << 20

// kindIndex is the kind of the blocks of an index.
const kindIndex uint8 = 3

// Index says where the chunks of an image lie. The chunks themselves are not part of it: they are known from the
// image's recipes, and the index names their places in the order in which the recipes name them for the first time.
//
// Chunks have numbers: those of the image in this order, then Bases. No chunk that a delta is coded against has its
// location in a delta, so that one step leads from any chunk to frames that stand for themselves.
//
// It lists nothing that is not needed: each pack holds a frame of the index, each frame a chunk at its location or an
// alternate of one, and some delta is coded against each of Bases.
type Index struct {
	Bases      []codec.Chunk // that deltas are coded against and that are none of the image's own, each once
	Packs      []Ref         // in the order of the manifest's layers: those of frames, then those of deltas
	Frames     []Place       // frames and deltas, in order of pack and offset, without overlap
	Locations  []Location    // of each chunk, in order of their numbers
	Alternates []Alternate   // in order of the chunks' numbers
}

// Chunks returns the chunks that have numbers: image, the distinct chunks of the image in order, then Bases. It may
// share the memory of image, and does not change it.
func (x *Index) Chunks(image []codec.Chunk) []codec.Chunk {
	return append(image[:len(image):len(image)], x.Bases...)
}

// Ref names a pack, of frames or of deltas.
type Ref struct {
	Digest digest.Digest // sha256
	Size   int64         // 1 to MaxSize
	Delta  bool          // holds deltas, and nothing else
}

// limits returns the greatest lengths of a frame in the pack, as it lies there and raw.
func (r Ref) limits() (size, raw uint64) {
	if r.Delta {
		return codec.MaxDelta, codec.MaxDelta
	}
	return codec.MaxCompressedFrame, codec.MaxFrame
}

// Place is where a frame or a delta lies.
type Place struct {
	Pack   int    // position in Index.Packs
	Offset int64  // in the pack
	Size   uint32 // length as it lies there
	Raw    uint32 // length when decompressed
	Base   []Run  // what a delta is coded against, put one behind the other: 1 to codec.MaxDeltaBase bytes; of a frame nil
}

// Delta says whether a delta lies there, not a frame that stands for itself.
func (p Place) Delta() bool { return len(p.Base) > 0 }

// Run is a run of chunks.
type Run struct {
	First int // number of the first chunk
	Count int // at least 1
}

// end returns the number of the chunk behind the run.
func (r Run) end() int { return r.First + r.Count }

// Location is where a chunk lies.
type Location struct {
	Frame  int    // position in Index.Frames
	Offset uint32 // in the decompressed frame
}

// Alternate is a delta in which a chunk of the image lies besides: its location is in a frame.
type Alternate struct {
	Chunk int // its number
	Location
}
