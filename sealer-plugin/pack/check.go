package pack

import (
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// check says what is wrong with an index of an image of the given chunks.
func (x *Index) check(image []codec.Chunk) error {
	if err := x.checkBases(image); err != nil {
		return err
	}
	if err := x.checkPacks(); err != nil {
		return err
	}
	if err := x.checkFrames(); err != nil {
		return err
	}
	chunks := x.Chunks(image)
	if err := x.checkLocations(chunks); err != nil {
		return err
	}
	if err := x.checkAlternates(image); err != nil {
		return err
	}
	if err := x.checkUse(); err != nil {
		return err
	}
	return x.checkDeltas(chunks)
}

func (x *Index) checkBases(image []codec.Chunk) error {
	if len(x.Bases) == 0 {
		return nil
	}
	seen := make(map[codec.ID]bool, len(x.Bases))
	for _, c := range x.Bases {
		if c.Size < 1 || c.Size > codec.MaxChunk {
			return fmt.Errorf("base chunk %v: %d bytes, not 1 to %d", c.ID, c.Size, codec.MaxChunk)
		}
		if seen[c.ID] {
			return fmt.Errorf("base chunk %v: twice", c.ID)
		}
		seen[c.ID] = true
	}
	for _, c := range image {
		if seen[c.ID] {
			return fmt.Errorf("base chunk %v: one of the image's own", c.ID)
		}
	}
	return nil
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
		if i > 0 && x.Packs[i-1].Delta && !p.Delta {
			return fmt.Errorf("pack %d: of frames, behind one of deltas", i)
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
		p := x.Packs[pack]
		if f.Delta() != p.Delta {
			return fmt.Errorf("frame %d: a delta: %t, in a delta pack: %t", i, f.Delta(), p.Delta)
		}
		if size, raw := p.limits(); f.Size < 1 || uint64(f.Size) > size || f.Raw < 1 || uint64(f.Raw) > raw {
			return fmt.Errorf("frame %d: impossible sizes: %d, decompressed %d", i, f.Size, f.Raw)
		}
		if f.Offset < end || f.Offset > p.Size-int64(f.Size) {
			return fmt.Errorf("frame %d: %d bytes at %d do not lie between %d and %d", i, f.Size, f.Offset, end, p.Size)
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
	for i, l := range x.Locations {
		if err := x.checkLocation(l, chunks[i]); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) checkLocation(l Location, c codec.Chunk) error {
	if l.Frame < 0 || l.Frame >= len(x.Frames) {
		return fmt.Errorf("chunk %v: in frame %d of %d", c.ID, l.Frame, len(x.Frames))
	}
	if raw := x.Frames[l.Frame].Raw; uint64(l.Offset)+uint64(c.Size) > uint64(raw) {
		return fmt.Errorf("chunk %v: %d bytes at %d in a frame of %d", c.ID, c.Size, l.Offset, raw)
	}
	return nil
}

func (x *Index) checkAlternates(image []codec.Chunk) error {
	next := 0
	for i, a := range x.Alternates {
		if a.Chunk < next || a.Chunk >= len(image) {
			return fmt.Errorf("alternate %d: of chunk %d, not %d to %d", i, a.Chunk, next, len(image)-1)
		}
		next = a.Chunk + 1
		c := image[a.Chunk]
		if err := x.checkLocation(a.Location, c); err != nil {
			return fmt.Errorf("alternate %d: %w", i, err)
		}
		if !x.Frames[a.Frame].Delta() {
			return fmt.Errorf("alternate %d: chunk %v: frame %d is no delta", i, c.ID, a.Frame)
		}
		if x.Frames[x.Locations[a.Chunk].Frame].Delta() {
			return fmt.Errorf("alternate %d: chunk %v: its location is in a delta too", i, c.ID)
		}
	}
	return nil
}

// checkUse finds frames that hold nothing.
func (x *Index) checkUse() error {
	used := make([]bool, len(x.Frames))
	for _, l := range x.Locations {
		used[l.Frame] = true
	}
	for _, a := range x.Alternates {
		used[a.Frame] = true
	}
	for i, u := range used {
		if !u {
			return fmt.Errorf("frame %d holds no chunk", i)
		}
	}
	return nil
}

// checkDeltas checks what deltas are coded against. It goes over the chunks once, however often runs name them: the
// number of runs times their length is out of proportion to the index.
func (x *Index) checkDeltas(chunks []codec.Chunk) error {
	deltas := len(x.Packs) > 0 && x.Packs[len(x.Packs)-1].Delta
	if !deltas && len(x.Bases) == 0 {
		return nil
	}
	before := x.sums(chunks)
	needed := make([]int, len(chunks)+1) // by runs that begin at the chunk, less those that end before it
	for i, f := range x.Frames {
		if err := checkBase(f.Base, before); err != nil {
			return fmt.Errorf("delta %d: %w", i, err)
		}
		for _, r := range f.Base {
			needed[r.First]++
			needed[r.end()]--
		}
	}
	image, runs := len(chunks)-len(x.Bases), 0
	for i, c := range chunks {
		if runs += needed[i]; runs == 0 && i >= image {
			return fmt.Errorf("base chunk %v: no delta is coded against it", c.ID)
		}
	}
	return nil
}

// sum is of a number of chunks: their bytes, and how many of them have their location in a delta.
type sum struct {
	bytes    int64
	inDeltas int
}

// sums returns the sum of the first n chunks for each n from 0 to all of them.
func (x *Index) sums(chunks []codec.Chunk) []sum {
	sums := make([]sum, len(chunks)+1)
	for i, c := range chunks {
		next := sums[i]
		next.bytes += int64(c.Size)
		if x.Frames[x.Locations[i].Frame].Delta() {
			next.inDeltas++
		}
		sums[i+1] = next
	}
	return sums
}

// checkBase says why no delta can be coded against base, of chunks with these sums.
func checkBase(base []Run, sums []sum) error {
	chunks := len(sums) - 1
	var size int64
	for _, r := range base {
		if r.First < 0 || r.Count < 1 || r.Count > chunks || r.First > chunks-r.Count {
			return fmt.Errorf("against %d chunks from chunk %d of %d on", r.Count, r.First, chunks)
		}
		from, to := sums[r.First], sums[r.end()]
		if from.inDeltas != to.inDeltas {
			return fmt.Errorf("against chunks in deltas, among the %d from chunk %d on", r.Count, r.First)
		}
		if size += to.bytes - from.bytes; size > codec.MaxDeltaBase {
			return fmt.Errorf("against more than %d bytes", codec.MaxDeltaBase)
		}
	}
	return nil
}
