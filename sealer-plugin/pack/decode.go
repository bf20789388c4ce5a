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
	minPackRef = 32 + 1
	minPlace   = 4
	minRun     = 3
)

// DecodeIndex reads an index that was encoded with the same chunks. Every place in the result lies within what holds
// it. All that does not hold is codec.ErrDamaged.
func DecodeIndex(ctx context.Context, r io.Reader, c *codec.Codec, chunks []codec.Chunk) (*Index, error) {
	raw, err := readIndexBlocks(ctx, block.NewReader(r, c))
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	x, err := parseIndex(raw, chunks)
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

func parseIndex(raw []byte, chunks []codec.Chunk) (*Index, error) {
	c := cursor{b: raw}
	x := new(Index)
	x.parsePacks(&c, len(chunks))
	x.parseFrames(&c, len(chunks))
	x.parseRuns(&c, chunks)
	if c.end(); c.err != nil {
		return nil, c.err
	}
	if err := x.check(chunks); err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	return x, nil
}

func (x *Index) parsePacks(c *cursor, chunks int) {
	x.Packs = make([]Ref, c.count("number of packs", 0, uint64(chunks), minPackRef))
	for i := range x.Packs {
		h := c.hash("digest of a pack")
		x.Packs[i].Digest = digest.NewDigestFromEncoded(digest.SHA256, hex.EncodeToString(h[:]))
		x.Packs[i].Size = int64(c.uvarint("size of a pack", 1, MaxSize))
	}
}

func (x *Index) parseFrames(c *cursor, chunks int) {
	x.Frames = make([]Place, c.count("number of frames", 0, uint64(chunks), minPlace))
	pack, end := 0, int64(0)
	for i := range x.Frames {
		if step := int(c.uvarint("pack step", 0, uint64(len(x.Packs)))); step > 0 {
			pack, end = pack+step, 0
		}
		f := Place{Pack: pack}
		f.Offset = end + int64(c.uvarint("gap before a frame", 0, MaxSize))
		f.Size = uint32(c.uvarint("size of a frame", 1, codec.MaxCompressedFrame))
		f.Raw = uint32(c.uvarint("raw size of a frame", 1, codec.MaxFrame))
		if c.err != nil {
			return
		}
		x.Frames[i] = f
		end = f.Offset + int64(f.Size)
	}
}

func (x *Index) parseRuns(c *cursor, chunks []codec.Chunk) {
	runs := c.count("number of runs", 0, uint64(len(chunks)), minRun)
	x.Locations = make([]Location, 0, len(chunks))
	frame := 0 // in which the run before ended
	for range runs {
		step := c.svarint("frame step", int64(-frame), int64(len(x.Frames)-1-frame))
		offset := c.uvarint("offset in a frame", 0, codec.MaxFrame-1)
		n := c.uvarint("length of a run", 1, uint64(len(chunks)-len(x.Locations)))
		if c.err != nil {
			return
		}
		l := Location{Frame: frame + int(step), Offset: uint32(offset)}
		for range n {
			if l.Frame == len(x.Frames) {
				c.failf("a run goes on behind the last frame")
				return
			}
			frame = l.Frame
			size := chunks[len(x.Locations)].Size
			x.Locations = append(x.Locations, l)
			l = x.following(l, size)
		}
	}
}
