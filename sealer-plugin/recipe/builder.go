package recipe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"

	"github.com/vbatts/tar-split/archive/tar"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	blockSize = 512 // of a tar
	// maxPadding is how many of the zeros behind the end of an archive are literals: what tar programs write to fill
	// a record.
	maxPadding = 64 << 10
)

// builder takes a blob apart: it sends every byte either to the recipe, as a literal, or to the splitter, as data.
//
// For a tar it is the tap through which a tar.Reader reads. What the reader reads are headers and padding; it seeks
// over payloads, in order to discard them. So all bytes that pass are kept in their order, whatever the reader makes
// of them, and how long the contents of a sparse file are in the tar need not be known from its headers.
type builder struct {
	ctx    context.Context // of the one call of Build that this is for
	blob   *bufio.Reader
	w      *writer
	data   *splitter
	passed int64 // bytes of data so far
	files  openFiles
	err    error // a failure, and not the content, is why the tar.Reader stopped

	sought   int64 // bytes passed by seeking: of positions, the reader only looks at the difference
	lastByte bool  // the next byte is the last of a payload: the reader seeks to it, but reads it
	alone    bool  // that payload begins and ends its own chunks
}

var _ io.ReadSeeker = (*builder)(nil)

// read takes apart the whole blob.
func (b *builder) read(kind Kind) error {
	if kind == Tar {
		if err := b.readTar(); err != nil {
			return err
		}
	}
	// What follows, if anything, is data: all of a plain blob, and what cannot be parsed on of a tar.
	if err := b.cut(); err != nil {
		return err
	}
	if _, err := b.readData(math.MaxInt64); err != nil {
		return err
	}
	return b.cut()
}

// readTar takes apart one archive, or several one after another, as far as they can be parsed.
func (b *builder) readTar() error {
	for {
		end := b.readArchive()
		if b.err != nil {
			return b.err
		}
		if !errors.Is(end, io.EOF) {
			return nil
		}
		more, err := b.readPadding()
		if err != nil || !more {
			return err
		}
	}
}

// readArchive goes through an archive and returns why it ended: io.EOF at its end.
func (b *builder) readArchive() error {
	r := tar.NewReader(b)
	for {
		header, err := r.Next()
		if err != nil {
			return err
		}
		if hasContents(header.Typeflag) {
			b.files.add(File{Name: header.Name, Size: header.Size, Offset: b.passed})
		}
		// The reader does not seek over a payload of one byte. Such a payload can be told by its padding, also behind
		// a sparse file's map, which takes whole blocks. A global header is padded likewise, but has been read
		// already.
		b.lastByte = r.ExpectedPadding() == blockSize-1 && header.Typeflag != tar.TypeXGlobalHeader
	}
}

// Read takes a header or padding, or the last byte of a payload.
func (b *builder) Read(p []byte) (n int, err error) {
	if b.lastByte && len(p) > 0 {
		return b.readLastByte(p)
	}
	n, err = b.blob.Read(p)
	if b.err = b.w.addLiteral(b.ctx, p[:n]); b.err != nil {
		return n, b.err
	}
	return n, err
}

func (b *builder) readLastByte(p []byte) (int, error) {
	b.lastByte = false
	n, err := b.readData(1)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, io.EOF
	}
	p[0] = b.data.buf[b.data.end-1]
	if b.alone {
		b.alone = false
		err = b.cut()
	}
	return 1, err
}

// Seek takes a payload but for its last byte. A seek by 0 is the reader's question whether it can seek.
func (b *builder) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 {
		return b.sought, nil
	}
	if b.alone = offset+1 >= codec.MinChunk; b.alone {
		if err := b.cut(); err != nil {
			return b.sought, err
		}
	}
	n, err := b.readData(offset)
	b.sought += n
	b.lastByte = n == offset
	return b.sought, err
}

// readPadding takes the zeros behind an archive, and says whether something follows that may be another. Many zeros
// are data.
func (b *builder) readPadding() (more bool, err error) {
	if err := b.cut(); err != nil {
		return false, err
	}
	for room := maxPadding; !more; {
		ahead, err := b.blob.Peek(b.blob.Size())
		if len(ahead) == 0 {
			return false, ignoreEOF(err)
		}
		zeros := leadingZeros(ahead)
		if more = zeros < len(ahead); more {
			zeros -= zeros % blockSize
		}
		literals := min(zeros, room)
		room -= literals
		if err := b.w.addLiteral(b.ctx, ahead[:literals]); err != nil {
			return false, err
		}
		if _, err := b.blob.Discard(literals); err != nil {
			return false, err
		}
		if _, err := b.readData(int64(zeros - literals)); err != nil {
			return false, err
		}
	}
	return true, b.cut()
}

// readData takes n bytes of data, or what there is of them.
func (b *builder) readData(n int64) (int64, error) {
	n, err := b.data.read(b.ctx, b.blob, n)
	b.w.addData(n)
	b.passed += n
	b.err = err
	return n, err
}

// cut has what follows begin a chunk of its own.
func (b *builder) cut() error {
	b.err = b.data.cut(b.ctx)
	return b.err
}

func leadingZeros(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\x00")) }

// ignoreEOF returns err unless it is io.EOF.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
