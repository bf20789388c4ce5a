package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Least lengths of what an index says, in bytes.
const (
	minChunkEntry = 1 + len(codec.ID{})
	minFrameEntry = 1 + 1 + minChunkEntry
	minSize       = headerSize + 1 + trailerSize // of a pack: no frame
)

// ReadIndex reads the frames of the pack of size bytes in r from the index at its end, without reading the frames
// themselves. An index that does not fit the pack or exceeds the limits of the format is codec.ErrDamaged.
func ReadIndex(r io.ReaderAt, size int64) ([]Frame, error) {
	entries, start, err := readEntries(r, size)
	if err != nil {
		return nil, fmt.Errorf("pack index: %w", err)
	}
	frames, err := decodeEntries(entries, start)
	if err != nil {
		return nil, fmt.Errorf("pack index: %w", err)
	}
	return frames, nil
}

// readEntries returns what the index says of the frames, and where it begins, which is where the frames must end.
func readEntries(r io.ReaderAt, size int64) (entries []byte, start int64, err error) {
	if size < minSize || size > MaxSize {
		return nil, 0, damagedf("the pack is %d bytes long, not %d to %d", size, minSize, MaxSize)
	}
	var trailer [trailerSize]byte
	if err := readAt(r, trailer[:], size-trailerSize); err != nil {
		return nil, 0, err
	}
	if magic := trailer[4:]; string(magic) != trailerMagic {
		return nil, 0, damagedf("the pack ends in %q", magic)
	}
	length := int64(binary.LittleEndian.Uint32(trailer[:]))
	start = size - trailerSize - length - headerSize
	if start < 0 {
		return nil, 0, damagedf("%d bytes of entries in a pack of %d", length, size)
	}
	index := make([]byte, headerSize+length)
	if err := readAt(r, index, start); err != nil {
		return nil, 0, err
	}
	magic, rest := binary.LittleEndian.Uint32(index), binary.LittleEndian.Uint32(index[4:])
	if magic != indexMagic || int64(rest) != length+trailerSize {
		return nil, 0, damagedf("no index of %d bytes at %d", length, start)
	}
	return index[headerSize:], start, nil
}

func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return damagedf("the pack ends at %d", offset+int64(n))
	}
	return err
}

// decodeEntries returns the frames, which must lie back to back from 0 to end.
func decodeEntries(entries []byte, end int64) ([]Frame, error) {
	c := cursor{b: entries}
	frames := make([]Frame, c.count("number of frames", 0, math.MaxUint32, minFrameEntry))
	var offset int64
	for i := range frames {
		if frames[i] = decodeFrame(&c, offset); c.err != nil {
			return nil, fmt.Errorf("frame %d: %w", i, c.err)
		}
		offset += int64(frames[i].Size)
	}
	if c.end(); c.err != nil {
		return nil, c.err
	}
	if offset != end {
		return nil, damagedf("frames end at %d, not %d", offset, end)
	}
	return frames, nil
}

func decodeFrame(c *cursor, offset int64) Frame {
	f := Frame{Offset: offset, Size: uint32(c.uvarint("compressed size", 1, codec.MaxCompressedFrame))}
	f.Chunks = make([]codec.Chunk, c.count("number of chunks", 1, codec.MaxFrame, minChunkEntry))
	left := uint64(codec.MaxFrame)
	for i := range f.Chunks {
		size := c.uvarint("length of a chunk", 1, min(codec.MaxChunk, left))
		f.Chunks[i] = codec.Chunk{Size: uint32(size), ID: c.hash("chunk ID")}
		left -= size
	}
	return f
}
