package pack

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Least lengths of what an encoded index lists, in bytes.
const (
	minPackRef   = 32 + 1
	minPlace     = 4
	minBaseRun   = 2
	minRun       = 3
	minAlternate = 1 + minRun
)

// DecodeIndex reads an index that was encoded with the same chunks, the distinct ones of the image. Every place in the
// result lies within what holds it. All that does not hold is codec.ErrDamaged.
func DecodeIndex(ctx context.Context, r io.Reader, c *codec.Codec, image []codec.Chunk) (*Index, error) {
	raw, err := readIndexBlocks(ctx, block.NewReader(r, c))
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	x, err := parseIndex(raw, image)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	return x, nil
}

// readIndexBlocks puts the blocks of an index together.
func readIndexBlocks(ctx context.Context, r *block.Reader) ([]byte, error) {
	var index, end []byte
	for {
		kind, raw, err := r.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			c := cursor{b: end}
			c.uvarint("stated length", uint64(len(index)), uint64(len(index)))
			c.end()
			return index, c.err
		case err != nil:
			return nil, err
		case kind == block.KindEnd:
			end = append(end, raw...)
		case kind != kindIndex:
			return nil, damagedf("a block of kind %d", kind)
		case len(index)+len(raw) > MaxIndex:
			return nil, damagedf("longer than %d bytes", MaxIndex)
		default:
			index = append(index, raw...)
		}
	}
}

func parseIndex(raw []byte, image []codec.Chunk) (*Index, error) {
	c := cursor{b: raw}
	x := new(Index)
	x.Bases = parseChunks(&c)
	chunks := x.Chunks(image)
	frames := uint64(len(chunks) + len(image)) // each holds a chunk, or an alternate of one of the image
	x.parsePacks(&c, frames, false)
	x.parsePacks(&c, frames, true)
	x.parseFrames(&c, frames, len(chunks))
	x.parseRuns(&c, chunks)
	x.parseAlternates(&c, image)
	if c.end(); c.err != nil {
		return nil, c.err
	}
	if err := x.check(image); err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	return x, nil
}

func parseChunks(c *cursor) []codec.Chunk {
	n := c.count("number of base chunks", 0, MaxIndex, minChunkEntry)
	if n == 0 {
		return nil
	}
	chunks := make([]codec.Chunk, n)
	for i := range chunks {
		chunks[i].Size = uint32(c.uvarint("length of a base chunk", 1, codec.MaxChunk))
	}
	for i := range chunks {
		chunks[i].ID = c.hash("ID of a base chunk")
	}
	return chunks
}

// parsePacks reads packs, of deltas or of frames, of which there are at most most.
func (x *Index) parsePacks(c *cursor, most uint64, delta bool) {
	for range c.count("number of packs", 0, most, minPackRef) {
		h := c.hash("digest of a pack")
		x.Packs = append(x.Packs, Ref{
			Digest: digest.NewDigestFromEncoded(digest.SHA256, hex.EncodeToString(h[:])),
			Size:   int64(c.uvarint("size of a pack", 1, MaxSize)),
			Delta:  delta,
		})
	}
}

// parseFrames reads at most most frames, of which the deltas are coded against some of so many chunks.
func (x *Index) parseFrames(c *cursor, most uint64, chunks int) {
	x.Frames = make([]Place, c.count("number of frames", 0, most, minPlace))
	pack, end := 0, int64(0)
	next := 0 // chunk behind the run before, of the base before if need be
	for i := range x.Frames {
		if step := int(c.uvarint("pack step", 0, uint64(len(x.Packs)))); step > 0 {
			pack, end = pack+step, 0
		}
		if pack >= len(x.Packs) {
			c.failf("a frame in pack %d of %d", pack, len(x.Packs))
			return
		}
		size, raw := x.Packs[pack].limits()
		f := Place{Pack: pack}
		f.Offset = end + int64(c.uvarint("gap before a frame", 0, MaxSize))
		f.Size = uint32(c.uvarint("size of a frame", 1, size))
		f.Raw = uint32(c.uvarint("raw size of a frame", 1, raw))
		if x.Packs[pack].Delta {
			f.Base, next = parseBase(c, next, chunks)
		}
		if c.err != nil {
			return
		}
		x.Frames[i] = f
		end = f.Offset + int64(f.Size)
	}
}

// parseBase reads the base of a delta: runs of so many chunks. next is the chunk behind the run before; it returns that
// behind the last.
func parseBase(c *cursor, next, chunks int) ([]Run, int) {
	base := make([]Run, c.count("number of base runs", 1, codec.MaxDeltaBase, minBaseRun))
	for i := range base {
		first := next + int(c.svarint("chunk step", int64(-next), int64(chunks-1-next)))
		count := c.uvarint("length of a base run", 1, uint64(chunks-first))
		if c.err != nil {
			return nil, 0
		}
		base[i] = Run{first, int(count)}
		next = base[i].end()
	}
	return base, next
}

func (x *Index) parseRuns(c *cursor, chunks []codec.Chunk) {
	runs := c.count("number of runs", 0, uint64(len(chunks)), minRun)
	x.Locations = make([]Location, 0, len(chunks))
	frame := 0 // in which the run before ended
	for range runs {
		x.Locations = x.parseRun(c, x.Locations, frame, chunks[len(x.Locations):])
		if c.err != nil {
			return
		}
		frame = x.Locations[len(x.Locations)-1].Frame
	}
}

// parseRun reads a run of the first of chunks, after one that ended in frame, and appends their locations to dst.
func (x *Index) parseRun(c *cursor, dst []Location, frame int, chunks []codec.Chunk) []Location {
	step := c.svarint("frame step", int64(-frame), int64(len(x.Frames)-1-frame))
	offset := c.uvarint("offset in a frame", 0, codec.MaxDelta-1)
	n := c.uvarint("length of a run", 1, uint64(len(chunks)))
	if c.err != nil {
		return dst
	}
	l := Location{Frame: frame + int(step), Offset: uint32(offset)}
	for _, chunk := range chunks[:n] {
		if l.Frame == len(x.Frames) {
			c.failf("a run goes on behind the last frame")
			return dst
		}
		dst = append(dst, l)
		l = x.following(l, chunk.Size)
	}
	return dst
}

func (x *Index) parseAlternates(c *cursor, image []codec.Chunk) {
	var run []Location
	chunk, frame := 0, 0 // behind the run before, and in which it ended
	for range c.count("number of runs of alternates", 0, uint64(len(image)), minAlternate) {
		chunk += int(c.uvarint("chunk step", 0, uint64(len(image)-chunk)))
		run = x.parseRun(c, run[:0], frame, image[chunk:])
		if c.err != nil {
			return
		}
		for _, l := range run {
			x.Alternates = append(x.Alternates, Alternate{chunk, l})
			chunk, frame = chunk+1, l.Frame
		}
	}
}
