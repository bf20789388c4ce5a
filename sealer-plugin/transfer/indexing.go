package transfer

import (
	"cmp"
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
)

// indexing makes the index of an image out of a catalog.
type indexing struct {
	*catalog
	index  *pack.Index
	number map[codec.ID]int // of the chunks of the image, then of those of bases

	frameAt, packAt map[int]int // where those of the catalog are in the index
	frames, packs   []int       // those of the catalog that are needed
}

// make fills the index and returns its packs.
func (x *indexing) make(chunks []codec.Chunk) []packSource {
	for i, c := range chunks {
		x.number[c.ID] = i
	}
	for i, c := range chunks {
		x.need(x.chunks[c.ID])
		if at, besides := x.besides[c.ID]; besides {
			x.need(at)
			x.index.Alternates = append(x.index.Alternates, pack.Alternate{Chunk: i, Location: at})
		}
	}
	for _, c := range x.index.Bases {
		x.need(x.chunks[c.ID])
	}
	x.placePacks()
	x.placeFrames()
	for _, c := range slices.Concat(chunks, x.index.Bases) {
		at := x.chunks[c.ID]
		at.Frame = x.frameAt[at.Frame]
		x.index.Locations = append(x.index.Locations, at)
	}
	for i := range x.index.Alternates {
		at := &x.index.Alternates[i].Location
		at.Frame = x.frameAt[at.Frame]
	}
	sources := make([]packSource, len(x.packs))
	for i, p := range x.packs {
		sources[i] = x.catalog.packs[p]
	}
	return sources
}

// need notes the frame that a chunk is in, its pack, and what else is needed for a delta.
func (x *indexing) need(at pack.Location) {
	if has(x.frameAt, at.Frame) {
		return
	}
	x.frameAt[at.Frame] = 0
	x.frames = append(x.frames, at.Frame)
	frame := x.catalog.frames[at.Frame]
	if !has(x.packAt, frame.pack) {
		x.packAt[frame.pack] = 0
		x.packs = append(x.packs, frame.pack)
	}
	for _, b := range frame.base {
		if !has(x.number, b.ID) {
			x.number[b.ID] = len(x.number)
			x.index.Bases = append(x.index.Bases, b)
		}
	}
}

// placePacks puts packs of deltas behind those of frames.
func (x *indexing) placePacks() {
	slices.SortStableFunc(x.packs, func(a, b int) int {
		switch d, e := isDeltas(x.catalog.packs[a].desc), isDeltas(x.catalog.packs[b].desc); {
		case d == e:
			return 0
		case e:
			return -1
		}
		return 1
	})
	for i, p := range x.packs {
		x.packAt[p] = i
		desc := x.catalog.packs[p].desc
		x.index.Packs = append(x.index.Packs, pack.Ref{Digest: desc.Digest, Size: desc.Size, Delta: isDeltas(desc)})
	}
}

func (x *indexing) placeFrames() {
	slices.SortFunc(x.frames, func(a, b int) int {
		f, g := x.catalog.frames[a], x.catalog.frames[b]
		return cmp.Or(cmp.Compare(x.packAt[f.pack], x.packAt[g.pack]), cmp.Compare(f.offset, g.offset))
	})
	for i, at := range x.frames {
		x.frameAt[at] = i
		f := x.catalog.frames[at]
		x.index.Frames = append(x.index.Frames, pack.Place{
			Pack: x.packAt[f.pack], Offset: f.offset, Size: f.size, Raw: f.raw, Base: x.runs(f.base),
		})
	}
}

// runs returns the numbers of chunks, where they follow each other together.
func (x *indexing) runs(chunks []codec.Chunk) []pack.Run {
	var runs []pack.Run
	for _, c := range chunks {
		n := x.number[c.ID]
		if last := len(runs) - 1; last >= 0 && runs[last].First+runs[last].Count == n {
			runs[last].Count++
			continue
		}
		runs = append(runs, pack.Run{First: n, Count: 1})
	}
	return runs
}
