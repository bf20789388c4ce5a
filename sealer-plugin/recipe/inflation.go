package recipe

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// firstPiece is how much of a stream is inflated before encoders are tried, in bytes: most of them write their
	// first block by then.
	firstPiece = 256 << 10
	// distinct is how many bytes encoders have made of a stream when no others are tried than the same at other levels,
	// certain when only one goes on, and maxCandidates how many do until then.
	distinct      = 32 << 10
	certain       = 1 << 20
	maxCandidates = 4
	// maxExpansion bounds how much is inflated of each byte of a blob, and freeExpansion how much in any case.
	maxExpansion  = 100
	freeExpansion = 256 << 20
)

// inflation reads what is inside of a deflate stream, as far as an encoder makes the stream again of it. All but Read is done on a
// goroutine of its own, while what was read is taken apart.
type inflation struct {
	*builder
	section    *section
	inflater   io.ReadCloser
	candidates []*candidate // the best one first
	piece      []byte       // inflated last

	first int  // bytes of the first piece
	whole bool // which is all there is

	pieces chan []byte // that are right, to be read; closed when it is over
	free   chan []byte // that were read
	read   []byte      // a piece
	unread []byte      // of it

	start    int64 // position in the section
	end      int64 // likewise, up to which the stream is made again, once it is over
	complete bool  // the stream ends there
	over     bool
	err      error // why it cannot go on, though the content may be fine
}

// candidate is an encoder that made the stream as it is, so far.
type candidate struct {
	codec.Encoding
	deflater *codec.Deflater
	end      int64  // position in the section up to which it did
	ahead    []byte // what it says follows
}

// newInflation returns what reads the stream that begins where the section is, behind its mark.
func newInflation(b *builder, s *section) *inflation {
	return &inflation{builder: b, section: s, start: s.position(), inflater: flate.NewReader(s.r)}
}

// recognise finds encoders that make the beginning of the stream, and says whether there are any. What the header says of the
// level is a hint.
func (s *inflation) recognise(level hint) (bool, error) {
	end := s.inflate(firstPiece)
	if len(s.piece) == 0 {
		return false, nil
	}
	for e := range s.likely(level) {
		if len(s.candidates) > 0 && s.has(distinct) && e.Encoder != s.candidates[0].Encoder {
			continue
		}
		d, err := s.codec.NewDeflater(s.ctx, e)
		if err != nil {
			return false, err
		}
		c := &candidate{Encoding: e, deflater: d, end: s.start}
		if err := s.try(c, end); errors.Is(err, errDiffers) {
			continue
		} else if err != nil {
			return false, err
		}
		if s.candidates = append(s.candidates, c); len(s.candidates) == maxCandidates {
			break
		}
	}
	if len(s.candidates) == 0 || end == broken && s.candidates[0].end-s.start < minGzip {
		return false, nil
	}
	s.settle(end)
	s.first, s.whole = len(s.piece), s.over
	s.pieces, s.free = make(chan []byte), make(chan []byte, 2)
	s.free <- nil
	s.running.Go(s.run)
	return true, nil
}

// run inflates the rest.
func (s *inflation) run() {
	defer close(s.pieces)
	for {
		select {
		case s.pieces <- s.piece:
		case <-s.ctx.Done():
			s.err = s.ctx.Err()
			return
		}
		if s.over {
			return
		}
		s.piece = <-s.free // there is one: two are made, and one of them is being read
		if s.err = s.next(); s.err != nil {
			return
		}
	}
}

// Read gives what is inside. It ends where the stream does or cannot be made again; its errors are failures.
func (s *inflation) Read(p []byte) (int, error) {
	for len(s.unread) == 0 {
		piece, more := <-s.pieces
		if !more {
			return 0, cmp.Or(s.err, io.EOF)
		}
		if s.read != nil {
			s.free <- s.read
		}
		s.read, s.unread = piece, piece
	}
	n := copy(p, s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

// next inflates the next piece and has the candidates make the stream of it.
func (s *inflation) next() error {
	end := s.inflate(codec.MaxPiece)
	wrong := make([]*candidate, 0, len(s.candidates))
	right := make([]*candidate, 0, len(s.candidates))
	for _, c := range s.candidates {
		switch err := s.try(c, end); {
		case err == nil:
			right = append(right, c)
		case errors.Is(err, errDiffers):
			wrong = append(wrong, c)
		default:
			return err
		}
	}
	if s.candidates = right; len(right) == 0 {
		best := slices.MaxFunc(wrong, func(a, b *candidate) int { return int(a.end - b.end) })
		s.candidates, end = []*candidate{best}, broken
	}
	s.settle(end)
	return nil
}

// settle decides how to go on with the candidates, after a piece that ended as end says.
func (s *inflation) settle(end ending) {
	best := s.candidates[0]
	s.end, s.over, s.complete = best.end, end != goesOn, end == ended
	if s.has(certain) {
		s.candidates = s.candidates[:1]
	}
	kept := best.end
	for _, c := range s.candidates {
		kept = min(kept, c.end)
	}
	s.section.forget(kept)
}

// ending says what comes after a piece.
type ending int

const (
	goesOn ending = iota
	ended         // the stream ends there
	broken        // the stream is damaged, cannot be made again, or has too much in it
)

// inflate inflates up to n bytes.
func (s *inflation) inflate(n int) ending {
	s.piece = slices.Grow(s.piece[:0], n)
	var err error
	for len(s.piece) < n && err == nil {
		var m int
		m, err = s.inflater.Read(s.piece[len(s.piece):n])
		s.piece = s.piece[:len(s.piece)+m]
	}
	inflated := s.inflated.Add(int64(len(s.piece)))
	switch {
	case errors.Is(err, io.EOF):
		return ended
	case err != nil || inflated > maxExpansion*s.source.read.Load()+freeExpansion:
		return broken
	}
	return goesOn
}

var errDiffers = errors.New("the encoder makes another stream")

// try has a candidate go on with what was inflated, which ended as end says. The error is errDiffers if what it makes is not
// what is there.
func (s *inflation) try(c *candidate, end ending) error {
	made, err := c.deflater.Write(s.ctx, s.piece, end == ended)
	if err != nil {
		return err
	}
	c.ahead = append(c.ahead, made...)
	there := s.section.since(c.end, s.section.position())
	n := commonPrefix(c.ahead, there)
	c.end += int64(n)
	if n < min(len(c.ahead), len(there)) {
		return errDiffers
	}
	if end == ended && len(c.ahead) != len(there) {
		return errDiffers
	}
	c.ahead = c.ahead[:copy(c.ahead, c.ahead[n:])]
	return nil
}

// has says whether the best candidate has made n bytes.
func (s *inflation) has(n int64) bool { return s.candidates[0].end-s.start >= n }

// encoding returns the way in which the stream is made again, once it is over.
func (s *inflation) encoding() codec.Encoding { return s.candidates[0].Encoding }

// isShorterThan says whether fewer than n bytes are inside.
func (s *inflation) isShorterThan(n int) bool { return s.whole && s.first < n }

// commonPrefix returns how many bytes a and b have in common from their beginnings on.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	if bytes.Equal(a[:n], b[:n]) {
		return n
	}
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
