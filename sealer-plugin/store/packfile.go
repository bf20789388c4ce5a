package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// A pack file is frames, followed by their table in a skippable zstd frame, all integers little endian:
//
//	pack file = frame*
//	            u32 0x184D2A5E   u32 length of what follows
//	            table   u32 CRC-32C of the table   u32 length of the table   "SLS1"
const (
	skippableMagic = 0x184D2A5E
	headSize       = 4 + 4
	tailSize       = 4 + 4 + 4
	tailTag        = "SLS1"

	maxPackFile = 128 << 20 // bytes; more than the limits of Append can lead to
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendTable appends what follows the frames in a pack file to b.
func appendTable(b []byte, frames []frame) []byte {
	table := encodeTable(frames)
	b = binary.LittleEndian.AppendUint32(b, skippableMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(table)+tailSize))
	b = append(b, table...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(table, castagnoli))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(table)))
	return append(b, tailTag...)
}

// readTable reads the table of a pack file of that size. Whatever is wrong, reading errors included, is ErrDamaged.
func readTable(r io.ReaderAt, size int64) ([]frame, error) {
	frames, err := parseTable(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	return frames, nil
}

func parseTable(r io.ReaderAt, size int64) ([]frame, error) {
	if size < headSize+tailSize || size > maxPackFile {
		return nil, fmt.Errorf("no pack file has %d bytes", size)
	}
	var tail [tailSize]byte
	if err := readFullAt(r, tail[:], size-tailSize); err != nil {
		return nil, err
	}
	sum, length := binary.LittleEndian.Uint32(tail[:]), binary.LittleEndian.Uint32(tail[4:])
	if string(tail[8:]) != tailTag {
		return nil, errors.New("not the end of a pack file")
	}
	framesSize := size - tailSize - int64(length) - headSize
	if framesSize < 0 {
		return nil, fmt.Errorf("table of %d bytes does not fit a file of %d", length, size)
	}
	b := make([]byte, headSize+int(length))
	if err := readFullAt(r, b, framesSize); err != nil {
		return nil, err
	}
	head, table := b[:headSize], b[headSize:]
	if binary.LittleEndian.Uint32(head) != skippableMagic || binary.LittleEndian.Uint32(head[4:]) != length+tailSize {
		return nil, errTable
	}
	if crc32.Checksum(table, castagnoli) != sum {
		return nil, errors.New("table does not match its checksum")
	}
	return decodeTable(table, framesSize)
}

// readFullAt fills b. Unlike that of an [io.ReaderAt], its error at the end of the file is io.ErrUnexpectedEOF.
func readFullAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// packFile is a complete pack file, open for reading.
type packFile struct {
	file   *os.File
	frames []frame
}

// openPack opens the pack file at path. If that is gone or damaged, the error is ErrDamaged; all errors name it.
func openPack(path string) (*packFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	frames, err := readTable(f, info.Size())
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &packFile{f, frames}, nil
}

func (p *packFile) close() { _ = p.file.Close() }

// frameOf returns the frame that holds the chunk with that number and ID, nil if there is none.
func (p *packFile) frameOf(chunk uint32, id codec.ID) *frame {
	for i := range p.frames {
		if _, ok := p.frames[i].find(chunk, id); ok {
			return &p.frames[i]
		}
	}
	return nil
}

// restore returns the raw bytes of a frame, in w's memory, with the chunks of extents verified. ErrDamaged names pack
// file and frame.
func (p *packFile) restore(ctx context.Context, w *codec.Worker, f *frame, extents []codec.Extent) ([]byte, error) {
	err := readFullAt(p.file, w.Buffer()[:f.size], f.offset)
	if err != nil {
		err = fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	var raw []byte
	if err == nil {
		raw, err = w.Restore(ctx, int(f.size), int(f.raw), extents)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: frame at offset %d: %w", p.file.Name(), f.offset, err)
	}
	return raw, nil
}
