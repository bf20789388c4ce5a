package pack

import (
	"fmt"

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
// It lists nothing that is not needed: each pack holds a frame of the index, and each frame a chunk of the image.
type Index struct {
	Packs     []Ref      // in the order of the manifest's layers
	Frames    []Place    // in order of pack and offset, without overlap
	Locations []Location // of each distinct chunk, in order
}

// Ref names a pack.
type Ref struct {
	Digest digest.Digest // sha256
	Size   int64         // 1 to MaxSize
}

// Place is where a frame lies.
type Place struct {
	Pack   int    // position in Index.Packs
	Offset int64  // in the pack
	Size   uint32 // length as it lies there
	Raw    uint32 // length when decompressed
}

// Location is where a chunk lies.
type Location struct {
	Frame  int    // position in Index.Frames
	Offset uint32 // in the decompressed frame
}

// check says what is wrong with an index of the given chunks.
func (x *Index) check(chunks []codec.Chunk) error {
	if err := x.checkPacks(); err != nil {
		return err
	}
	if err := x.checkFrames(); err != nil {
		return err
	}
	return x.checkLocations(chunks)
}

func (x *Index) checkPacks() error {
	for i, p := range x.Packs {
		if err := p.Digest.Validate(); err != nil {
			return fmt.Errorf("pack %d: %w", i, err)
		}
		if p.Digest.Algorithm() != digest.SHA256 {
			return fmt.Errorf("pack %d: %v is no sha256 digest", i, p.Digest)
		}
		if p.Size < 1 || p.Size > MaxSize {
			return fmt.Errorf("pack %d: %d bytes, not 1 to %d", i, p.Size, MaxSize)
		}
	}
	return nil
}

func (x *Index) checkFrames() error {
	pack, end := -1, int64(0)
	for i, f := range x.Frames {
		if f.Pack == pack+1 {
			pack, end = f.Pack, 0
		}
		if f.Pack != pack || pack < 0 || pack >= len(x.Packs) {
			return fmt.Errorf("frame %d: in pack %d of %d, after one in pack %d", i, f.Pack, len(x.Packs), pack)
		}
		if f.Size < 1 || f.Size > codec.MaxCompressedFrame || f.Raw < 1 || f.Raw > codec.MaxFrame {
			return fmt.Errorf("frame %d: impossible sizes: %d, decompressed %d", i, f.Size, f.Raw)
		}
		if size := x.Packs[pack].Size; f.Offset < end || f.Offset > size-int64(f.Size) {
			return fmt.Errorf("frame %d: %d bytes at %d do not lie between %d and %d", i, f.Size, f.Offset, end, size)
		}
		end = f.Offset + int64(f.Size)
	}
	if pack != len(x.Packs)-1 {
		return fmt.Errorf("pack %d has no frame", pack+1)
	}
	return nil
}

func (x *Index) checkLocations(chunks []codec.Chunk) error {
	if len(x.Locations) != len(chunks) {
		return fmt.Errorf("%d locations of %d chunks", len(x.Locations), len(chunks))
	}
	used := make([]bool, len(x.Frames))
	for i, l := range x.Locations {
		if l.Frame < 0 || l.Frame >= len(x.Frames) {
			return fmt.Errorf("chunk %v: in frame %d of %d", chunks[i].ID, l.Frame, len(x.Frames))
		}
		if raw := x.Frames[l.Frame].Raw; uint64(l.Offset)+uint64(chunks[i].Size) > uint64(raw) {
			return fmt.Errorf("chunk %v: %d bytes at %d in a frame of %d", chunks[i].ID, chunks[i].Size, l.Offset, raw)
		}
		used[l.Frame] = true
	}
	for i, u := range used {
		if !u {
			return fmt.Errorf("frame %d holds no chunk", i)
		}
	}
	return nil
}
