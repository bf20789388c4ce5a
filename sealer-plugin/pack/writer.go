package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Parts of a pack that every reader looks for (docs/format.md).
const (
	indexMagic   = 0x184D2A5E // of the skippable frame that holds the index
	trailerMagic = "SLP1"

	headerSize  = 8 // magic and length of the skippable frame
	trailerSize = 8 // length of the entries and magic
)

var errClosed = errors.New("pack is closed")

// Writer writes one pack. It belongs to one goroutine.
type Writer struct {
	w       io.Writer
	offset  int64  // end of the frames so far
	frames  uint64 // their number
	entries []byte // what the index says of them
	err     error  // the first failure to write, or errClosed
}

// NewWriter returns a writer of a pack to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// AddFrame writes a compressed frame that holds the given chunks back to back. It fails, and writes nothing, if the
// pack would exceed MaxSize, or the frame the limits of the format. After a failure to write, every further call
// fails.
func (w *Writer) AddFrame(frame []byte, chunks []codec.Chunk) error {
	if w.err != nil {
		return w.err
	}
	if err := checkFrame(frame, chunks); err != nil {
		return fmt.Errorf("frame %d: %w", w.frames, err)
	}
	entries := appendEntry(w.entries, frame, chunks)
	if size := packSize(w.offset+int64(len(frame)), w.frames+1, len(entries)); size > MaxSize {
		return fmt.Errorf("frame %d: the pack would be %d bytes long, more than %d", w.frames, size, MaxSize)
	}
	if _, w.err = w.w.Write(frame); w.err != nil {
		return w.err
	}
	w.offset += int64(len(frame))
	w.frames++
	w.entries = entries
	return nil
}

// Size returns the length of the pack if it were closed now.
func (w *Writer) Size() int64 { return packSize(w.offset, w.frames, len(w.entries)) }

// Close writes the pack's index. It does not close the writer below.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	entries := append(binary.AppendUvarint(nil, w.frames), w.entries...)
	index := make([]byte, 0, headerSize+len(entries)+trailerSize)
	index = binary.LittleEndian.AppendUint32(index, indexMagic)
	index = binary.LittleEndian.AppendUint32(index, uint32(len(entries)+trailerSize))
	index = append(index, entries...)
	index = binary.LittleEndian.AppendUint32(index, uint32(len(entries)))
	index = append(index, trailerMagic...)
	if _, w.err = w.w.Write(index); w.err != nil {
		return w.err
	}
	w.err = errClosed
	return nil
}

// packSize is the length of a pack of frames that end at offset and of which the index says entries bytes.
func packSize(offset int64, frames uint64, entries int) int64 {
	count := binary.PutUvarint(make([]byte, binary.MaxVarintLen64), frames)
	return offset + int64(headerSize+count+entries+trailerSize)
}

func appendEntry(b, frame []byte, chunks []codec.Chunk) []byte {
	b = binary.AppendUvarint(b, uint64(len(frame)))
	b = binary.AppendUvarint(b, uint64(len(chunks)))
	for _, c := range chunks {
		b = binary.AppendUvarint(b, uint64(c.Size))
		b = append(b, c.ID[:]...)
	}
	return b
}

// checkFrame says why a frame is outside the limits of the format.
func checkFrame(frame []byte, chunks []codec.Chunk) error {
	if len(frame) == 0 || len(frame) > codec.MaxCompressedFrame {
		return fmt.Errorf("%d compressed bytes, not 1 to %d", len(frame), codec.MaxCompressedFrame)
	}
	var raw uint64
	for _, c := range chunks {
		if c.Size == 0 || c.Size > codec.MaxChunk {
			return fmt.Errorf("chunk %v: %d bytes, not 1 to %d", c.ID, c.Size, codec.MaxChunk)
		}
		raw += uint64(c.Size)
	}
	if raw == 0 || raw > codec.MaxFrame {
		return fmt.Errorf("%d bytes of chunks, not 1 to %d", raw, codec.MaxFrame)
	}
	return nil
}
