package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// The table of a pack file says which chunks lie in its frames. In the notation of docs/format.md:
//
//	table  = uvarint number of frames
//	         for each frame, in order of position:
//	           uvarint compressed size   (frames lie back to back from offset 0)
//	           uvarint raw size
//	           uvarint number of chunks  (>= 1)
//	           for each chunk: uvarint offset in the raw frame, uvarint length, 32 bytes ID
//
// A frame may have parts that no chunk covers.

// frame is a frame in a pack file.
type frame struct {
	offset    int64 // in the pack file
	size, raw uint32
	first     uint32 // number of its first chunk, counted from the start of the pack
	extents   []codec.Extent
}

// find returns the extent of the chunk with that number in the pack, if it is one of the frame's and has that ID.
func (f *frame) find(chunk uint32, id codec.ID) (codec.Extent, bool) {
	if chunk < f.first || chunk-f.first >= uint32(len(f.extents)) {
		return codec.Extent{}, false
	}
	e := f.extents[chunk-f.first]
	return e, e.ID == id
}

// check verifies the limits of a frame.
func (f *frame) check() error {
	if f.size == 0 || f.size > codec.MaxCompressedFrame || f.raw == 0 || f.raw > codec.MaxFrame {
		return fmt.Errorf("frame of %d bytes, %d compressed, is outside the limits", f.raw, f.size)
	}
	if len(f.extents) == 0 || len(f.extents) > int(f.raw) {
		return fmt.Errorf("frame of %d bytes cannot hold %d chunks", f.raw, len(f.extents))
	}
	for _, e := range f.extents {
		if e.Size == 0 || e.Size > codec.MaxChunk || e.Offset > f.raw || e.Size > f.raw-e.Offset {
			return fmt.Errorf("chunk of %d bytes at offset %d does not fit a frame of %d bytes", e.Size, e.Offset, f.raw)
		}
	}
	return nil
}

// appendTo appends the frame's part of a table to b.
func (f *frame) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(f.size))
	b = binary.AppendUvarint(b, uint64(f.raw))
	b = binary.AppendUvarint(b, uint64(len(f.extents)))
	for _, e := range f.extents {
		b = binary.AppendUvarint(b, uint64(e.Offset))
		b = binary.AppendUvarint(b, uint64(e.Size))
		b = append(b, e.ID[:]...)
	}
	return b
}

func encodeTable(frames []frame) []byte {
	b := binary.AppendUvarint(nil, uint64(len(frames)))
	for i := range frames {
		b = frames[i].appendTo(b)
	}
	return b
}

const (
	minExtentSize = 1 + 1 + len(codec.ID{})   // in a table, bytes
	minFrameSize  = 1 + 1 + 1 + minExtentSize // likewise
)

var errTable = errors.New("table makes no sense")

// decodeTable is the inverse of encodeTable. The frames must take up exactly framesSize bytes.
func decodeTable(b []byte, framesSize int64) ([]frame, error) {
	d := tableDecoder{b: b}
	n := d.count(minFrameSize)
	frames := make([]frame, 0, n)
	var offset int64
	var chunks uint32
	for range n {
		f := frame{offset: offset, first: chunks, size: d.uint32(), raw: d.uint32(), extents: d.extents()}
		if d.failed {
			return nil, errTable
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		frames = append(frames, f)
		offset += int64(f.size)
		chunks += uint32(len(f.extents))
	}
	if d.failed || len(d.b) > 0 {
		return nil, errTable
	}
	if offset != framesSize {
		return nil, fmt.Errorf("table is of frames of %d bytes, not %d", offset, framesSize)
	}
	return frames, nil
}

// tableDecoder takes a table apart. Once something is wrong, failed is set and all it gives is zero.
type tableDecoder struct {
	b      []byte
	failed bool
}

func (d *tableDecoder) uint32() uint32 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > 1<<32-1 {
		d.b, d.failed = nil, true
		return 0
	}
	d.b = d.b[n:]
	return uint32(v)
}

// count reads the number of things of which each takes at least size of the bytes that follow.
func (d *tableDecoder) count(size int) int {
	n := int64(d.uint32())
	if n > int64(len(d.b)/size) {
		d.b, d.failed = nil, true
		return 0
	}
	return int(n)
}

func (d *tableDecoder) extents() []codec.Extent {
	extents := make([]codec.Extent, d.count(minExtentSize))
	for i := range extents {
		e := &extents[i]
		e.Offset, e.Size = d.uint32(), d.uint32()
		if len(d.b) < len(e.ID) {
			d.b, d.failed = nil, true
			return nil
		}
		d.b = d.b[copy(e.ID[:], d.b):]
	}
	return extents
}
