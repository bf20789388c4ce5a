package pack

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Encode writes the index as a block stream to w, compressed at level. image are the distinct chunks of the image, in
// the order of Locations. It writes nothing if the index is not what its fields promise.
func (x *Index) Encode(ctx context.Context, w io.Writer, c *codec.Codec, level int, image []codec.Chunk) error {
	raw, err := x.append(nil, image)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	end := binary.AppendUvarint(nil, uint64(len(raw)))
	blocks := block.NewWriter(w, c, level)
	for len(raw) > 0 {
		n := min(len(raw), codec.FrameTarget)
		if err := blocks.Write(ctx, kindIndex, raw[:n]); err != nil {
			return fmt.Errorf("index: %w", err)
		}
		raw = raw[n:]
	}
	if err := blocks.Close(ctx, end); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// append appends the encoded index to b.
func (x *Index) append(b []byte, image []codec.Chunk) ([]byte, error) {
	if err := x.check(image); err != nil {
		return nil, err
	}
	b = appendChunks(b, x.Bases)
	deltas := slices.IndexFunc(x.Packs, func(p Ref) bool { return p.Delta })
	if deltas < 0 {
		deltas = len(x.Packs)
	}
	b = appendPacks(b, x.Packs[:deltas])
	b = appendPacks(b, x.Packs[deltas:])
	b = x.appendFrames(b)
	b = x.appendRuns(b, x.Chunks(image))
	b = x.appendAlternates(b, image)
	if len(b) > MaxIndex {
		return nil, fmt.Errorf("%d bytes long, more than %d", len(b), MaxIndex)
	}
	return b, nil
}

func appendChunks(b []byte, chunks []codec.Chunk) []byte {
	b = binary.AppendUvarint(b, uint64(len(chunks)))
	for _, c := range chunks {
		b = binary.AppendUvarint(b, uint64(c.Size))
	}
	for _, c := range chunks {
		b = append(b, c.ID[:]...)
	}
	return b
}

func appendPacks(b []byte, packs []Ref) []byte {
	b = binary.AppendUvarint(b, uint64(len(packs)))
	for _, p := range packs {
		// The digest is known to be 64 hex digits.
		b, _ = hex.AppendDecode(b, []byte(p.Digest.Encoded()))
		b = binary.AppendUvarint(b, uint64(p.Size))
	}
	return b
}

func (x *Index) appendFrames(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.Frames)))
	pack, end := 0, int64(0)
	next := 0 // chunk behind the run before, of the base before if need be
	for _, f := range x.Frames {
		if f.Pack != pack {
			end = 0
		}
		b = binary.AppendUvarint(b, uint64(f.Pack-pack))
		b = binary.AppendUvarint(b, uint64(f.Offset-end))
		b = binary.AppendUvarint(b, uint64(f.Size))
		b = binary.AppendUvarint(b, uint64(f.Raw))
		pack, end = f.Pack, f.Offset+int64(f.Size)
		if f.Delta() {
			b = appendBase(b, f.Base, next)
			next = f.Base[len(f.Base)-1].end()
		}
	}
	return b
}

func appendBase(b []byte, base []Run, next int) []byte {
	b = binary.AppendUvarint(b, uint64(len(base)))
	for _, r := range base {
		b = binary.AppendVarint(b, int64(r.First-next))
		b = binary.AppendUvarint(b, uint64(r.Count))
		next = r.end()
	}
	return b
}

func (x *Index) appendRuns(b []byte, chunks []codec.Chunk) []byte {
	runs, coded := 0, []byte(nil)
	frame := 0 // in which the run before ended
	for i := 0; i < len(chunks); runs++ {
		n := x.run(x.Locations[i:], chunks[i:])
		coded = appendRun(coded, frame, x.Locations[i], n)
		i += n
		frame = x.Locations[i-1].Frame
	}
	return append(binary.AppendUvarint(b, uint64(runs)), coded...)
}

func appendRun(b []byte, frame int, at Location, n int) []byte {
	b = binary.AppendVarint(b, int64(at.Frame-frame))
	b = binary.AppendUvarint(b, uint64(at.Offset))
	return binary.AppendUvarint(b, uint64(n))
}

// run returns how many of the first of chunks, at these locations, follow each other in the packs.
func (x *Index) run(at []Location, chunks []codec.Chunk) int {
	n := 1
	for n < len(at) && at[n] == x.following(at[n-1], chunks[n-1].Size) {
		n++
	}
	return n
}

func (x *Index) appendAlternates(b []byte, image []codec.Chunk) []byte {
	runs, coded := 0, []byte(nil)
	chunk, frame := 0, 0 // behind the run before, and in which it ended
	for rest := x.Alternates; len(rest) > 0; runs++ {
		n := x.alternateRun(rest, image)
		coded = binary.AppendUvarint(coded, uint64(rest[0].Chunk-chunk))
		coded = appendRun(coded, frame, rest[0].Location, n)
		chunk, frame = rest[n-1].Chunk+1, rest[n-1].Frame
		rest = rest[n:]
	}
	return append(binary.AppendUvarint(b, uint64(runs)), coded...)
}

// alternateRun returns how many of the first alternates are of successive chunks and follow each other in the packs.
func (x *Index) alternateRun(alternates []Alternate, image []codec.Chunk) int {
	n := 1
	for ; n < len(alternates); n++ {
		last := alternates[n-1]
		if alternates[n] != (Alternate{last.Chunk + 1, x.following(last.Location, image[last.Chunk].Size)}) {
			break
		}
	}
	return n
}

// following returns the location behind size bytes at l. It may be in a frame that does not exist.
func (x *Index) following(l Location, size uint32) Location {
	l.Offset += size
	if l.Offset == x.Frames[l.Frame].Raw {
		return Location{Frame: l.Frame + 1}
	}
	return l
}
