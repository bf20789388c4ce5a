package recipe

import (
	"bufio"
	"bytes"
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

// sink is what content is taken apart for.
type sink interface {
	// literal takes bytes of headers and padding.
	literal(p []byte) error
	// data takes the next n bytes of r, or what there is of them, and returns how many these were.
	data(r *bufio.Reader, n int64) (int64, error)
	// cut has the data that come next begin a chunk of their own.
	cut() error
	// file says what file the data are of that come next.
	file(f File)
	// opens says whether gzip files are opened.
	opens() bool
	// open is told of a section of c that may begin with members of a gzip file, and close that the section is over.
	open(c *content, s *section)
	close(c *content)
	// member takes one member of a gzip file, header and trailer as literals, if it can be made again of what is inside. If
	// that holds for the beginning of the member only, it takes that. It says whether it took a whole one.
	member(c *content, s *section) (bool, error)
}

// content is a blob, or what is inside of a gzip file, as it is taken apart.
//
// For a tar it is the tap through which a tar.Reader reads. What the reader reads are headers and padding; it seeks
// over payloads, in order to discard them. So all bytes that pass are kept in their order, whatever the reader makes
// of them, and how long the contents of a sparse file are in the tar need not be known from its headers.
type content struct {
	sink
	r      *bufio.Reader
	passed *passed
	depth  int    // of the gzip files that this is inside of
	place  string // of the stream that this is inside of
	within string // file of the blob's own tar that this is inside of
	err    error  // a failure, and not the content, is why the tar.Reader stopped

	sought   int64 // bytes passed by seeking: of positions, the reader only looks at the difference
	current  File  // whose payload the reader is at
	lastByte bool  // the next byte is the last of a payload: the reader seeks to it, but reads it
	alone    bool  // that payload begins and ends its own chunks
	ended    bool  // that payload ends with a gzip member that is made again
}

var _ io.ReadSeeker = (*content)(nil)

// passed counts what is read through it.
type passed struct {
	io.Reader
	bytes int64
}

func (p *passed) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.bytes += int64(n)
	return n, err
}

func newContent(to sink, r io.Reader) *content {
	p := &passed{Reader: r}
	return &content{sink: to, r: bufio.NewReaderSize(p, readSize), passed: p}
}

// position returns how many bytes were taken from r.
func (c *content) position() int64 { return c.passed.bytes - int64(c.r.Buffered()) }

// read takes apart the whole content.
func (c *content) read(kind Kind) error {
	if c.isCompressed(math.MaxInt64) {
		if _, err := c.readPayload(math.MaxInt64); err != nil {
			return err
		}
		return c.cut()
	}
	if kind == Tar {
		if err := c.readTar(); err != nil {
			return err
		}
	}
	// What follows, if anything, is data: all of a plain blob, and what cannot be parsed on of a tar.
	if err := c.cut(); err != nil {
		return err
	}
	if _, err := c.readData(c.r, math.MaxInt64); err != nil {
		return err
	}
	return c.cut()
}

// readTar takes apart one archive, or several one after another, as far as they can be parsed.
func (c *content) readTar() error {
	for {
		end := c.readArchive()
		if c.err != nil {
			return c.err
		}
		if !errors.Is(end, io.EOF) {
			return nil
		}
		more, err := c.readPadding()
		if err != nil || !more {
			return err
		}
	}
}

// readArchive goes through an archive and returns why it ended: io.EOF at its end.
func (c *content) readArchive() error {
	r := tar.NewReader(c)
	for {
		header, err := r.Next()
		if err != nil {
			return err
		}
		c.current = File{Name: header.Name, Within: c.within, Size: header.Size}
		if !hasContents(header.Typeflag) {
			c.current.Size = 0
		}
		// The reader does not seek over a payload of one byte. Such a payload can be told by its padding, also behind
		// a sparse file's map, which takes whole blocks. A global header is padded likewise, but has been read
		// already.
		c.lastByte = r.ExpectedPadding() == blockSize-1 && header.Typeflag != tar.TypeXGlobalHeader
		if c.lastByte {
			c.file(c.current)
		}
	}
}

// Read takes a header or padding, or the last byte of a payload.
func (c *content) Read(p []byte) (n int, err error) {
	if c.lastByte && len(p) > 0 {
		return c.readLastByte(p)
	}
	n, err = c.r.Read(p)
	if c.err = c.literal(p[:n]); c.err != nil {
		return n, c.err
	}
	return n, err
}

func (c *content) readLastByte(p []byte) (int, error) {
	c.lastByte = false
	if c.ended { // it is in the trailer, and a literal
		c.ended = false
		return c.Read(p[:1])
	}
	ahead, err := c.r.Peek(1)
	if err != nil {
		c.err = ignoreEOF(err)
		return 0, err
	}
	p[0] = ahead[0]
	if _, err := c.readData(c.r, 1); err != nil {
		return 0, err
	}
	if c.alone {
		c.alone = false
		err = c.cut()
	}
	return 1, err
}

// Seek takes a payload but for its last byte. A seek by 0 is the reader's question whether it can seek.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 {
		return c.sought, nil
	}
	n, err := c.readPayload(offset)
	c.sought += n
	c.lastByte = n == offset
	return c.sought, err
}

// readPayload takes n bytes, or what there is of them: of a gzip file what is inside, as far as it can be made again of that,
// and of everything else the bytes.
func (c *content) readPayload(n int64) (taken int64, err error) {
	r := c.r
	if c.isCompressed(n) {
		s, err := c.readMembers(n)
		defer c.close(c)
		if err != nil {
			c.err = err
			return 0, err
		}
		r, taken = s.r, s.position()
		_, err = r.Peek(1)
		if c.ended = taken > 0 && err != nil; c.ended {
			return taken, nil
		}
	}
	if taken == 0 {
		c.file(c.current)
	}
	if c.alone = n >= codec.MinChunk-1; c.alone {
		if err := c.cut(); err != nil {
			return taken, err
		}
	}
	rest, err := c.readData(r, n-taken)
	return taken + rest, err
}

// readPadding takes the zeros behind an archive, and says whether something follows that may be another. Many zeros
// are data.
func (c *content) readPadding() (more bool, err error) {
	if err := c.cut(); err != nil {
		return false, err
	}
	for room := maxPadding; !more; {
		ahead, err := c.r.Peek(c.r.Size())
		if len(ahead) == 0 {
			return false, ignoreEOF(err)
		}
		zeros := leadingZeros(ahead)
		if more = zeros < len(ahead); more {
			zeros -= zeros % blockSize
		}
		literals := min(zeros, room)
		room -= literals
		if err := c.literals(c.r, literals); err != nil {
			return false, err
		}
		if _, err := c.readData(c.r, int64(zeros-literals)); err != nil {
			return false, err
		}
	}
	return true, c.cut()
}

// readData takes n bytes of data of r, or what there is of them.
func (c *content) readData(r *bufio.Reader, n int64) (int64, error) {
	n, c.err = c.data(r, n)
	return n, c.err
}

// literals makes literals of the next n bytes, or what there is of them.
func (c *content) literals(r *bufio.Reader, n int) error {
	for n > 0 {
		ahead, err := r.Peek(min(n, r.Size()))
		if len(ahead) == 0 {
			return ignoreEOF(err)
		}
		if err := c.literal(ahead); err != nil {
			return err
		}
		if _, err := r.Discard(len(ahead)); err != nil {
			return err
		}
		n -= len(ahead)
	}
	return nil
}

// ignoreEOF returns err unless it is io.EOF.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// cut has what follows begin a chunk of its own.
func (c *content) cut() error {
	c.err = c.sink.cut()
	return c.err
}

func leadingZeros(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "\x00")) }
