package recipe

import (
	"bufio"
	"bytes"
	"cmp"
	"math"

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

// isGzip says whether a gzip file of size bytes, which may be opened, probably begins here.
func (c *content) isGzip(size int64) bool {
	if c.keepGzip || c.depth == maxDepth || size < minGzip || len(c.w.streams) == MaxStreams {
		return false
	}
	head, _ := c.r.Peek(3) // whoever reads next sees the error
	return bytes.Equal(head, []byte{0x1f, 0x8b, 8})
}

// readMembers takes what the next n bytes begin with of members of a gzip file that can be made again: what is inside of them as
// its own content, headers and trailers as literals. The section is at what follows.
func (c *content) readMembers(n int64) (*section, error) {
	s := newSection(c.r, n)
	if c.depth == 0 {
		s.hash = c.hash // of the blob, not of what is inside
		c.hash.mute(true)
	}
	for {
		if found, err := c.readMember(s); !found || err != nil {
			return s, err
		}
	}
}

// readMember takes one member of a gzip file, header and trailer as literals, if it can be made again of what is inside. If
// that holds for the beginning of the member only, it takes that.
func (c *content) readMember(s *section) (found bool, err error) {
	start := s.mark()
	if !skipHeader(s.r) {
		s.rewind(start)
		return false, nil
	}
	header := bytes.Clone(s.since(start, s.position()))
	stream := newInflation(c.builder, s, hint(header[8]))
	if found, err = stream.recognise(); !found || err != nil {
		s.rewind(start)
		return false, err
	}
	if err := c.w.addLiteral(c.ctx, header); err != nil {
		return false, err
	}
	place := c.w.openStream()
	if err := c.inside(stream); err != nil {
		return false, err
	}
	c.w.closeStream(place, stream.encoding(), stream.end-stream.start)
	s.rewind(stream.end)
	if !stream.complete {
		return false, nil
	}
	c.remember(stream.encoding())
	return true, c.literal(s.r, gzipTrailer)
}

// inside takes apart what is inside of a gzip member.
func (c *content) inside(s *inflation) error {
	inner := &content{
		builder: c.builder, r: bufio.NewReaderSize(s, readSize), depth: c.depth + 1, within: cmp.Or(c.within, c.file.Name),
	}
	if inner.isTar() {
		return inner.read(Tar)
	}
	if inner.isGzip(math.MaxInt64) || !s.isShorterThan(codec.MinChunk) {
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
