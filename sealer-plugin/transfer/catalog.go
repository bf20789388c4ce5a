package transfer

import (
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// catalog knows where chunks lie: in packs of the bases, and in packs that the push at hand writes.
type catalog struct {
	packs   []packSource
	frames  []knownFrame
	frameAt map[framePlace]int // where those of the bases are in frames
	chunks  map[codec.ID]pack.Location
	besides map[codec.ID]pack.Location // in deltas, of chunks that are to be in frames all the same
	full    bool                       // all chunks are to be in frames
}

// knownFrame is a frame in a pack of the catalog.
type knownFrame struct {
	framePlace
	size, raw uint32
	base      []codec.Chunk // what a delta is coded against; nil of a zstd frame
}

// framePlace is where a frame begins.
type framePlace struct {
	pack   int // in the catalog
	offset int64
}

// packSource is a pack, of frames or of deltas, and, if it has to be mounted or copied before use, where it lies.
type packSource struct {
	desc ocispec.Descriptor
	from *remote.Reference
}

func newCatalog() *catalog {
	return &catalog{frameAt: make(map[framePlace]int), chunks: make(map[codec.ID]pack.Location), besides: make(map[codec.ID]pack.Location)}
}

// knownImage is an image whose recipes and packs are on the destination, or wherever else from says.
type knownImage struct {
	*chunkedImage
	from  *remote.Reference
	since bool // its packs stay where they are
}

// add makes the chunks of images known, but not those in packs of which all of the images together use less than half:
// leaving them out packs their live chunks anew.
func (k *catalog) add(images []knownImage) {
	wasted := wastedPacks(images)
	for _, img := range images {
		k.addChunks(img, func(d digest.Digest) bool { return !wasted[d] })
	}
}

// addLacking makes the chunks of an image known that lie in packs of which more than half is not known yet.
func (k *catalog) addLacking(img knownImage) {
	lacking := make(map[digest.Digest]int64)
	for i, packed := range img.packedSizes() {
		if !has(k.chunks, img.numbered[i].ID) {
			lacking[img.packOf(img.index.Locations[i])] += packed
		}
	}
	size := make(map[digest.Digest]int64)
	for _, p := range img.Packs {
		size[p.Digest] = p.Size
	}
	k.addChunks(img, func(d digest.Digest) bool { return lacking[d] > size[d]/2 })
}

// addChunks makes the chunks of an image known that lie in wanted packs, unless they are known already. Those in deltas are
// known only with all that these are coded against.
func (k *catalog) addChunks(img knownImage, wanted func(digest.Digest) bool) {
	from := img.from
	if img.since {
		from = nil
	}
	packs := make([]int, len(img.Packs))
	for i, desc := range img.Packs {
		packs[i] = k.addPack(packSource{desc, from})
	}
	k.addChunksIn(k.chunks, img, packs, func(f pack.Place) bool {
		return !f.Delta() && wanted(img.index.Packs[f.Pack].Digest)
	})
	k.addChunksIn(k.deltas(), img, packs, func(f pack.Place) bool {
		return f.Delta() && wanted(img.index.Packs[f.Pack].Digest) && k.inFrames(img.baseOf(f))
	})
}

// deltas returns where it is noted that chunks lie in deltas.
func (k *catalog) deltas() map[codec.ID]pack.Location {
	if k.full {
		return k.besides
	}
	return k.chunks
}

// addChunksIn notes where the chunks of an image lie that are in wanted frames. packs are those of the image in the catalog.
func (k *catalog) addChunksIn(chunks map[codec.ID]pack.Location, img knownImage, packs []int, wanted func(pack.Place) bool) {
	frames := make([]int, len(img.index.Frames))
	for i, f := range img.index.Frames {
		frames[i] = -1
		if wanted(f) {
			frames[i] = k.addFrame(knownFrame{framePlace{packs[f.Pack], f.Offset}, f.Size, f.Raw, img.baseOf(f)})
		}
	}
	for i, c := range img.numbered {
		at := img.index.Locations[i]
		if at.Frame = frames[at.Frame]; at.Frame >= 0 && !has(chunks, c.ID) {
			chunks[c.ID] = at
		}
	}
}

// inFrames says whether all of the chunks are known to lie in zstd frames.
func (k *catalog) inFrames(chunks []codec.Chunk) bool {
	for _, c := range chunks {
		if at, known := k.chunks[c.ID]; !known || k.frames[at.Frame].base != nil {
			return false
		}
	}
	return true
}

// wastedPacks finds the packs of which images use less than half.
func wastedPacks(images []knownImage) map[digest.Digest]bool {
	type place struct {
		pack  digest.Digest
		chunk codec.ID
	}
	size := make(map[digest.Digest]int64)
	used := make(map[digest.Digest]int64)
	counted := make(map[place]bool)
	for _, img := range images {
		for _, p := range img.Packs {
			size[p.Digest] = p.Size
		}
		for i, packed := range img.packedSizes() {
			at := place{img.packOf(img.index.Locations[i]), img.numbered[i].ID}
			if !counted[at] {
				counted[at] = true
				used[at.pack] += packed
			}
		}
	}
	wasted := make(map[digest.Digest]bool)
	for d, n := range size {
		wasted[d] = used[d] < n/2
	}
	return wasted
}

func (k *catalog) addPack(p packSource) int {
	at := slices.IndexFunc(k.packs, func(q packSource) bool { return q.desc.Digest == p.desc.Digest })
	if at >= 0 {
		return at
	}
	k.packs = append(k.packs, p)
	return len(k.packs) - 1
}

// addFrame returns which of the known frames f is: images share packs, and an index names no frame twice.
func (k *catalog) addFrame(f knownFrame) int {
	at, known := k.frameAt[f.framePlace]
	if !known {
		at = len(k.frames)
		k.frameAt[f.framePlace] = at
		k.frames = append(k.frames, f)
	}
	return at
}

// addPacked adds packs that were written, and notes in chunks where all that lies in them is.
func (k *catalog) addPacked(chunks map[codec.ID]pack.Location, packs []packSource, frames []packedFrame) {
	first := len(k.packs)
	k.packs = append(k.packs, packs...)
	for _, f := range frames {
		f.pack += first
		offset := uint32(0)
		for _, c := range f.chunks {
			chunks[c.ID] = pack.Location{Frame: len(k.frames), Offset: offset}
			offset += c.Size
		}
		k.frames = append(k.frames, f.knownFrame)
	}
}

// packedFrame is a frame that was written; its pack counts from the first of those written with it.
type packedFrame struct {
	knownFrame
	chunks []codec.Chunk // all that is in it
}

// has says whether all of the chunks are known.
func (k *catalog) has(chunks []codec.Chunk) bool {
	for _, c := range chunks {
		if _, known := k.chunks[c.ID]; !known {
			return false
		}
	}
	return true
}

// from returns those of chunks, all of them known, that lie in packs from the place.
func (k *catalog) from(place *remote.Reference, chunks []codec.Chunk) []codec.Chunk {
	var there []codec.Chunk
	for _, c := range chunks {
		if k.packs[k.frames[k.chunks[c.ID].Frame].pack].from == place {
			there = append(there, c)
		}
	}
	return there
}

// index returns the index of an image with these distinct chunks, all of them known, and the packs that it names: first those
// of frames, then those of deltas, each in the order in which the chunks first need them.
func (k *catalog) index(chunks []codec.Chunk) (*pack.Index, []packSource) {
	x := &indexing{
		catalog: k, number: make(map[codec.ID]int), packAt: make(map[int]int), frameAt: make(map[int]int), index: &pack.Index{},
	}
	return x.index, x.make(chunks)
}

func has[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}
