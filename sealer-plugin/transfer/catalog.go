package transfer

import (
	"cmp"
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
	frames  []pack.Place      // Pack counts in packs
	frameAt map[frameSpot]int // where those of the bases are in frames
	chunks  map[codec.ID]pack.Location
}

// frameSpot is where a frame lies.
type frameSpot struct {
	pack      int // position in catalog.packs
	offset    int64
	size, raw uint32
}

// packSource is a pack and, if it has to be mounted or copied before use, where it lies.
type packSource struct {
	desc ocispec.Descriptor
	from *remote.Reference
}

func newCatalog() *catalog {
	return &catalog{frameAt: make(map[frameSpot]int), chunks: make(map[codec.ID]pack.Location)}
}

// knownImage is an image whose packs are on the destination, or wherever else from says.
type knownImage struct {
	*chunkedImage
	from *remote.Reference
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
		if !has(k.chunks, img.chunks[i].ID) {
			lacking[img.packOf(img.index.Locations[i])] += packed
		}
	}
	size := make(map[digest.Digest]int64)
	for _, p := range img.Packs {
		size[p.Digest] = p.Size
	}
	k.addChunks(img, func(d digest.Digest) bool { return lacking[d] > size[d]/2 })
}

// addChunks makes the chunks of an image known that lie in wanted packs, unless they are known already.
func (k *catalog) addChunks(img knownImage, wanted func(digest.Digest) bool) {
	packs := make([]int, len(img.Packs))
	for i, desc := range img.Packs {
		packs[i] = k.addPack(packSource{desc, img.from})
	}
	frames := make([]int, len(img.index.Frames))
	for i, f := range img.index.Frames {
		f.Pack = packs[f.Pack]
		frames[i] = k.addFrame(f)
	}
	for i, c := range img.chunks {
		at := img.index.Locations[i]
		if has(k.chunks, c.ID) || !wanted(img.packOf(at)) {
			continue
		}
		at.Frame = frames[at.Frame]
		k.chunks[c.ID] = at
	}
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
			at := place{img.packOf(img.index.Locations[i]), img.chunks[i].ID}
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
func (k *catalog) addFrame(f pack.Place) int {
	spot := frameSpot{f.Pack, f.Offset, f.Size, f.Raw}
	at, known := k.frameAt[spot]
	if !known {
		at = len(k.frames)
		k.frameAt[spot] = at
		k.frames = append(k.frames, f)
	}
	return at
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
		if k.packs[k.frames[k.chunks[c.ID].Frame].Pack].from == place {
			there = append(there, c)
		}
	}
	return there
}

// index returns the index of an image with these distinct chunks, all of them known, and the packs that it names:
// in the order in which the chunks first need them.
func (k *catalog) index(chunks []codec.Chunk) (*pack.Index, []packSource) {
	var (
		packs   []packSource
		packAt  = make(map[int]int)
		used    []int // frames of the catalog
		frameAt = make(map[int]int)
	)
	for _, c := range chunks {
		f := k.chunks[c.ID].Frame
		if _, seen := frameAt[f]; seen {
			continue
		}
		frameAt[f] = 0
		used = append(used, f)
		if p := k.frames[f].Pack; !has(packAt, p) {
			packAt[p] = len(packs)
			packs = append(packs, k.packs[p])
		}
	}
	slices.SortFunc(used, func(a, b int) int {
		x, y := k.frames[a], k.frames[b]
		return cmp.Or(cmp.Compare(packAt[x.Pack], packAt[y.Pack]), cmp.Compare(x.Offset, y.Offset))
	})

	index := &pack.Index{}
	for _, p := range packs {
		index.Packs = append(index.Packs, pack.Ref{Digest: p.desc.Digest, Size: p.desc.Size})
	}
	for i, f := range used {
		frameAt[f] = i
		place := k.frames[f]
		place.Pack = packAt[place.Pack]
		index.Frames = append(index.Frames, place)
	}
	for _, c := range chunks {
		at := k.chunks[c.ID]
		at.Frame = frameAt[at.Frame]
		index.Locations = append(index.Locations, at)
	}
	return index, packs
}

func has[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}
