package recipe

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/flate"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// maxDepth is how deep gzip files that are opened lie within each other, at most: a layer, an image's layer in
	// a registry's directory in it, an archive in that, and one more.
	maxDepth = 4
	// minGzip is the length of the shortest file that is opened, in bytes. To say how a shorter one was made takes
	// about as much as it would gain.
	minGzip = 512

	gzipTrailer = 8 // CRC and length
)

// isCompressed says whether a gzip or zstd file of size bytes, which may be opened, probably begins here.
func (c *content) isCompressed(size int64) bool {
	if c.depth == maxDepth || size < minGzip || !c.opens() {
		return false
	}
	head, _ := c.r.Peek(len(zstdMagic)) // whoever reads next sees the error
	return bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}) || string(head) == zstdMagic
}

// readMembers takes what the next n bytes begin with of members of a gzip file, or of frames of zstd, that can be made again: what is
// inside of them as its own content, headers and trailers of members as literals. The section is at what follows.
func (c *content) readMembers(n int64) (*section, error) {
	s := newSection(c.r, c.position(), n)
	c.open(c, s)
	for {
		if found, err := c.member(c, s); !found || err != nil {
			return s, err
		}
	}
}

// placeIn tells where in the blob a section of the content is, inside of which streams.
func (c *content) placeIn(s *section) string {
	return fmt.Sprintf("%s/%d", c.place, s.start+s.position())
}

// inside takes apart what is inside of the stream at a place, which r gives; all of it is short if it makes no chunk of its own.
func (c *content) inside(r io.Reader, place string, short bool) error {
	inner := newContent(c.sink, r)
	inner.depth, inner.place, inner.within = c.depth+1, place, cmp.Or(c.within, c.current.Name)
	if inner.isTar() {
		return inner.read(Tar)
	}
	if inner.isCompressed(math.MaxInt64) || !short {
		return inner.read(Plain)
	}
	_, err := inner.readData(inner.r, codec.MinChunk) // with its neighbours, as any short file
	return err
}

// isTar says whether a tar probably begins here.
func (c *content) isTar() bool {
	const magic = 257
	head, _ := c.r.Peek(blockSize)
	return len(head) == blockSize && bytes.HasPrefix(head[magic:], []byte("ustar"))
}

// wrapping is what is around a stream, as literals.
type wrapping struct {
	header  []byte // nil for a zstd frame, which is a stream but for its checksum
	trailer int    // bytes
}

// unwrap reads up to the stream of the gzip member, or zstd frame, that a section begins with at its mark, and returns what is
// around it. If there is none, that is nil, and the section as before.
func unwrap(s *section) *wrapping {
	if head, _ := s.r.Peek(len(zstdMagic)); string(head) == zstdMagic {
		return &wrapping{trailer: checksum}
	}
	start := s.position()
	if !skipHeader(s.r) {
		s.rewind(start)
		return nil
	}
	return &wrapping{header: bytes.Clone(s.since(start, s.position())), trailer: gzipTrailer}
}

// encodings are those by which the stream may have been made.
func (w *wrapping) encodings() []codec.Encoding {
	if w.header == nil {
		return frameEncodings
	}
	return likely(w.header)
}

// inflater returns what reads what is inside of the stream that r begins with. Of r it takes no more than the stream.
func (w *wrapping) inflater(r *bufio.Reader) (io.Reader, error) {
	if w.header == nil {
		return newFrameReader(r)
	}
	return flate.NewReader(r), nil
}

// skipHeader reads the header of a gzip member and says whether there is one.
func skipHeader(r *bufio.Reader) bool {
	const (
		hasCRC = 1 << (iota + 1)
		hasExtra
		hasName
		hasComment
		reserved
	)
	var fixed [10]byte
	for i := range fixed {
		var err error
		if fixed[i], err = r.ReadByte(); err != nil {
			return false
		}
	}
	flags := fixed[3]
	if !bytes.HasPrefix(fixed[:], []byte{0x1f, 0x8b, 8}) || flags >= reserved {
		return false
	}
	if flags&hasExtra != 0 {
		low, _ := r.ReadByte() // at the end, the next one fails as well
		high, err := r.ReadByte()
		if err != nil || !skip(r, int(low)|int(high)<<8) {
			return false
		}
	}
	for _, field := range []byte{hasName, hasComment} {
		if flags&field != 0 && !skipText(r) {
			return false
		}
	}
	return flags&hasCRC == 0 || skip(r, 2)
}

func skip(r *bufio.Reader, n int) bool {
	_, err := r.Discard(n)
	return err == nil
}

// skipText reads a text and the zero behind it, together at most 64 KiB.
func skipText(r *bufio.Reader) bool {
	for range 64 << 10 {
		if b, err := r.ReadByte(); err != nil || b == 0 {
			return err == nil
		}
	}
	return false
}
