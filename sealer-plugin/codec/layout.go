package codec

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// abiVersion is the version of the interface between this package and the module.
const abiVersion = 1

// Lengths of what lies in the module's arena, in bytes. The arena is a region of linear memory that belongs to the
// caller: the input, then the output, then the extents up to its end.
const (
	outputSize = MaxDelta      // the longest there is of frames, deltas, what they hold, and the records of a split
	recordSize = 4 + len(ID{}) // of split: length, ID
	extentSize = 8 + len(ID{}) // of restore and patch: offset, length, ID
	minExtents = 8192
	minArena   = max(BufferSize+outputSize+minExtents*extentSize, maxFrameState+MaxPiece+frameOutput)
)

// layout is where in linear memory a worker puts its input and finds its output.
type layout struct {
	input, output, extents uint32 // addresses
	extentCap              int    // number of extents that fit
}

// describe reads from a first instance what holds for all: that the module speaks this package's version of the
// interface, where its arena is, and its stamp.
func (c *Codec) describe(ctx context.Context, inst instance) error {
	var answers [routineStamp]uint64
	for r := range routineStamp {
		var stack [maxParams]uint64
		if err := inst.call(ctx, r, stack[:]); err != nil {
			return &TrapError{Routine: r.String(), Err: err}
		}
		answers[r] = stack[0]
	}
	if v := answers[routineABIVersion]; v != abiVersion {
		return fmt.Errorf("the module has version %d of the interface, need %d", v, abiVersion)
	}
	arena, size := answers[routineArena], answers[routineArenaSize]
	memory := uint64(len(inst.memory()))
	if size < uint64(minArena) || size > memory || arena > memory-size {
		return fmt.Errorf("the module's arena of %d bytes at %d does not serve", size, arena)
	}
	c.layout = newLayout(uint32(arena), int(size))
	return c.readStamp(ctx, inst)
}

func newLayout(arena uint32, size int) layout {
	return layout{
		input:     arena,
		output:    arena + BufferSize,
		extents:   arena + BufferSize + outputSize,
		extentCap: (size - BufferSize - outputSize) / extentSize,
	}
}

func (c *Codec) readStamp(ctx context.Context, inst instance) error {
	stack := [maxParams]uint64{uint64(c.layout.output)}
	if err := inst.call(ctx, routineStamp, stack[:]); err != nil {
		return &TrapError{Routine: routineStamp.String(), Err: err}
	}
	const stampSize = 32
	if stack[0] != stampSize {
		return errors.New("the module has no stamp")
	}
	c.stamp = hex.EncodeToString(inst.memory()[c.layout.output:][:stampSize])
	return nil
}

// buffer is the part of linear memory that a worker's callers fill.
func (l layout) buffer(memory []byte) []byte {
	return memory[l.input:][:BufferSize:BufferSize]
}

// result is the first n bytes of the output.
func (l layout) result(memory []byte, n int) []byte {
	return memory[l.output:][:n:n]
}

// putExtents writes extents, of which there are at most extentCap, as restore and patch read them.
func (l layout) putExtents(memory []byte, extents []Extent) {
	at := memory[l.extents:][: 0 : l.extentCap*extentSize]
	for _, e := range extents {
		at = binary.LittleEndian.AppendUint32(at, e.Offset)
		at = binary.LittleEndian.AppendUint32(at, e.Size)
		at = append(at, e.ID[:]...)
	}
}

// appendChunks appends the n records of a split to dst.
func (l layout) appendChunks(dst []Chunk, memory []byte, n int) []Chunk {
	records := l.result(memory, n*recordSize)
	for ; len(records) > 0; records = records[recordSize:] {
		dst = append(dst, Chunk{
			Size: binary.LittleEndian.Uint32(records),
			ID:   ID(records[4:recordSize]),
		})
	}
	return dst
}
