package recipe

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// reading is one pass over a blob.
type reading struct {
	ctx    context.Context // of the one call that this is for
	codec  *codec.Codec
	source *source
	found  *Findings // nil if nobody else looks at the blob

	running  sync.WaitGroup // inflations
	inflated atomic.Int64   // bytes, of gzip files
}

// builder sends every byte of a blob, or of what is inside of gzip files in it, either to the recipe, as a literal, or to the
// splitter, as data.
type builder struct {
	*reading
	w       *writer
	chunks  *splitter
	hash    *hasher
	files   openFiles
	passed  int64 // bytes of data so far
	rebuild bool  // gzip files are opened
}

var _ sink = (*builder)(nil)

func (b *builder) literal(p []byte) error { return b.w.addLiteral(b.ctx, p) }

func (b *builder) data(r *bufio.Reader, n int64) (int64, error) {
	n, err := b.chunks.read(b.ctx, r, n)
	b.w.addData(n)
	b.passed += n
	return n, err
}

func (b *builder) cut() error { return b.chunks.cut(b.ctx) }

func (b *builder) file(f File) {
	f.Offset = b.passed
	b.files.add(f)
}

func (b *builder) opens() bool { return b.rebuild && len(b.w.streams) < MaxStreams }

// open has the bytes of the blob hashed, and not what is inside of gzip files.
func (b *builder) open(c *content, s *section) {
	if c.depth == 0 {
		s.hash = b.hash
		b.hash.mute(true)
	}
}

func (b *builder) close(c *content) { b.hash.mute(c.depth > 0) }

func (b *builder) member(c *content, s *section) (found bool, err error) {
	place, start := c.placeIn(s), s.mark()
	around := unwrap(s)
	if around == nil {
		return false, nil
	}
	finding, mine := b.found.claim(place)
	b.found.meet(c.depth)
	stream := newInflation(b.reading, s, around, finding, mine)
	if found, err = stream.recognise(); !found || err != nil {
		s.rewind(start)
		return false, err
	}
	if err := b.literal(around.header); err != nil {
		return false, err
	}
	opened := b.w.openStream()
	if err := c.inside(stream, place, stream.isShorterThan(codec.MinChunk)); err != nil {
		return false, err
	}
	b.w.closeStream(opened, stream.encoding, stream.end-stream.start)
	s.rewind(stream.end)
	if !stream.complete {
		return false, nil
	}
	return true, c.literals(s.r, around.trailer)
}

// source is the blob's reader. It keeps a failure apart from the end of the blob, and from what parsing makes of
// both.
type source struct {
	ctx    context.Context
	r      io.Reader
	read   atomic.Int64          // bytes
	failed atomic.Pointer[error] // why it could not be read on, unless it was io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	if err := cmp.Or(s.failure(), s.ctx.Err()); err != nil {
		s.failed.Store(&err)
		return 0, err
	}
	n, err := s.r.Read(p)
	s.read.Add(int64(n))
	if err != nil && err != io.EOF {
		s.failed.Store(&err)
	}
	return n, err
}

// failure returns why the blob could not be read on. Any goroutine may ask.
func (s *source) failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
