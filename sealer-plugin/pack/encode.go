package pack

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/sealift/sealift/sealer-plugin/block"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Encode writes the index as a block stream to w, compressed at level. chunks are the distinct chunks of the image,
// parallel to Locations. It writes nothing if the index is not what its fields promise.
func (x *Index) Encode(ctx context.Context, w io.Writer, c *codec.Codec, level int, chunks []codec.Chunk) error {
	raw, err := x.append(nil, chunks)
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
func (x *Index) append(b []byte, chunks []codec.Chunk) ([]byte, error) {
	if err := x.check(chunks); err != nil {
		return nil, err
	}
	b = x.appendPacks(b)
	b = x.appendFrames(b)
	b = x.appendRuns(b, chunks)
	if len(b) > MaxIndex {
		return nil, fmt.Errorf("%d bytes long, more than %d", len(b), MaxIndex)
	}
	return b, nil
}

func (x *Index) appendPacks(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.Packs)))
	for _, p := range x.Packs {
		// The digest is known to be 64 hex digits.
		b, _ = hex.AppendDecode(b, []byte(p.Digest.Encoded()))
		b = binary.AppendUvarint(b, uint64(p.Size))
	}
	return b
}

func (x *Index) appendFrames(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.Frames)))
	pack, end := 0, int64(0)
	for _, f := range x.Frames {
		if f.Pack != pack {
			end = 0
		}
		b = binary.AppendUvarint(b, uint64(f.Pack-pack))
		b = binary.AppendUvarint(b, uint64(f.Offset-end))
		b = binary.AppendUvarint(b, uint64(f.Size))
		b = binary.AppendUvarint(b, uint64(f.Raw))
		pack, end = f.Pack, f.Offset+int64(f.Size)
	}
	return b
}

func (x *Index) appendRuns(b []byte, chunks []codec.Chunk) []byte {
	runs, count := 0, []byte(nil)
	frame := 0 // in which the run before ended
	for i := 0; i < len(chunks); runs++ {
		n := x.run(i, chunks)
		count = binary.AppendVarint(count, int64(x.Locations[i].Frame-frame))
		count = binary.AppendUvarint(count, uint64(x.Locations[i].Offset))
		count = binary.AppendUvarint(count, uint64(n))
		i += n
		frame = x.Locations[i-1].Frame
	}
	return append(binary.AppendUvarint(b, uint64(runs)), count...)
}

// run returns how many chunks, from chunk i on, follow each other in the packs.
func (x *Index) run(i int, chunks []codec.Chunk) int {
	n := 1
	for ; i+n < len(chunks); n++ {
		if x.Locations[i+n] != x.following(x.Locations[i+n-1], chunks[i+n-1].Size) {
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
