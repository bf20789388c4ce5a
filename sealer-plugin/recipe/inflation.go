package recipe

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// firstPiece is how much of a stream is inflated before encoders are tried, in bytes: most of them write their
	// first block by then.
	firstPiece = 256 << 10
	// certain is how many bytes an encoder has made of a stream when it is not looked for another one any more.
	certain = 4 << 20
	// maxExpansion bounds how much is inflated of each byte of a blob, and freeExpansion how much in any case.
	maxExpansion  = 100
	freeExpansion = 256 << 20
)

// inflation reads what is inside of a deflate stream, as far as an encoder makes the stream again of it. All but Read is done on a
// goroutine of its own, while what was read is taken apart. How the stream is made again it finds out, or is told by the one that
// does: both inflate the same pieces.
type inflation struct {
	*reading
	section  *section
	around   *wrapping
	inflater io.Reader
	finding  *finding
	mine     bool             // who finds out is this one
	likely   []codec.Encoding // that were not wrong, the best one first
	encoder  *candidate       // nil if it is told
	piece    []byte           // inflated last
	raw      int64            // bytes, of all pieces
	count    int              // of the pieces

	pieces chan []byte // that are right, to be read; closed when it is over
	free   chan []byte // that were read
	read   []byte      // a piece
	unread []byte      // of it
	first  int         // bytes of the first piece
	whole  bool        // which is all there is

	start    int64          // position in the section
	end      int64          // likewise, up to which the stream is made again, once it is over
	encoding codec.Encoding // by which it is, once it is over
	complete bool           // the stream ends there
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

// close gives back what the encoder holds. There may be none.
func (c *candidate) close() {
	if c != nil {
		c.deflater.Close()
	}
}

// newInflation returns what reads the stream that begins where the section is, behind its mark and what is around the stream.
func newInflation(r *reading, s *section, around *wrapping, f *finding, mine bool) *inflation {
	stream := &inflation{reading: r, section: s, around: around, finding: f, mine: mine, start: s.position()}
	if mine {
		stream.likely = around.encodings()
	}
	return stream
}

// recognise finds out whether an encoder makes the beginning of the stream.
func (s *inflation) recognise() (bool, error) {
	var err error
	if s.inflater, err = s.around.inflater(s.section.r); err != nil {
		return false, err
	}
	end := s.inflate(firstPiece)
	if !s.mine {
		if found, err := s.follow(); err != nil || !found {
			return false, err
		}
	} else if found, err := s.begin(end); err != nil || !found {
		s.encoder.close()
		s.finding.tell(progress{over: true, err: err})
		return false, err
	}
	s.first, s.whole = len(s.piece), s.over
	s.pieces, s.free = make(chan []byte), make(chan []byte, 2)
	s.free <- nil
	s.running.Go(s.run)
	return true, nil
}

// begin looks for an encoder that makes the first piece, which ended as end says.
func (s *inflation) begin(end ending) (found bool, err error) {
	if err := s.source.failure(); err != nil {
		return false, fmt.Errorf("read ahead: %w", err)
	}
	if len(s.piece) == 0 {
		return false, nil
	}
	if s.encoder, err = s.find(end); s.encoder == nil || err != nil {
		return false, err
	}
	if end == broken && s.encoder.end-s.start < minGzip {
		return false, nil
	}
	s.settle(end)
	return true, nil
}

// find returns an encoder that makes all of the stream so far, which ended as end says; nil if there is none.
func (s *inflation) find(end ending) (*candidate, error) {
	for len(s.likely) > 0 {
		c, err := s.trace(s.likely[0], end)
		if !errors.Is(err, errDiffers) {
			return c, err
		}
		wrong := s.likely[0]
		s.likely = s.likely[1:]
		if s.raw <= firstPiece && end == goesOn {
			s.likely = slices.DeleteFunc(s.likely, func(e codec.Encoding) bool { return beginAlike(e, wrong) })
		}
	}
	return nil, nil
}

// trace has an encoder make the stream from its beginning on. The error is errDiffers if it makes another one.
func (s *inflation) trace(e codec.Encoding, end ending) (*candidate, error) {
	d, err := s.codec.NewDeflater(s.ctx, e)
	if err != nil {
		return nil, err
	}
	c := &candidate{Encoding: e, deflater: d, end: s.start}
	if err = s.retrace(c); err == nil {
		err = s.try(c, s.piece, end)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// retrace has an encoder make what there is of the stream before the last piece.
func (s *inflation) retrace(c *candidate) error {
	earlier := s.raw - int64(len(s.piece))
	if earlier == 0 {
		return nil
	}
	inside, err := s.around.inflater(bufio.NewReader(bytes.NewReader(s.section.since(s.start, s.section.position()))))
	if err != nil {
		return err
	}
	piece := make([]byte, codec.MaxPiece)
	for ; earlier > 0; earlier -= int64(len(piece)) {
		piece = piece[:min(int64(len(piece)), earlier)]
		if _, err := io.ReadFull(inside, piece); err != nil {
			return err
		}
		if err := s.try(c, piece, goesOn); err != nil {
			return err
		}
	}
	return nil
}

// run inflates the rest.
func (s *inflation) run() {
	defer close(s.pieces)
	defer func() { s.encoder.close() }()
	if s.mine {
		defer func() {
			if s.err != nil {
				s.finding.tell(progress{over: true, err: s.err})
			}
		}()
	}
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

// next inflates the next piece and has the encoder make the stream of it, or one that is found to make all of it so far.
func (s *inflation) next() error {
	end := s.inflate(codec.MaxPiece)
	if !s.mine {
		_, err := s.follow()
		return err
	}
	if err := s.source.failure(); err != nil {
		return fmt.Errorf("read ahead: %w", err)
	}
	certain := s.isCertain()
	err := s.try(s.encoder, s.piece, end)
	if errors.Is(err, errDiffers) {
		var found *candidate
		s.encoder.close()
		if !certain {
			s.likely = s.likely[1:]
			if found, err = s.find(end); err != nil {
				return err
			}
		}
		if err = nil; found != nil {
			s.encoder = found
		} else {
			end = broken
		}
	}
	if err == nil {
		s.settle(end)
	}
	return err
}

// settle takes note of where the encoder is, after a piece that ended as end says.
func (s *inflation) settle(end ending) {
	s.end, s.encoding, s.over, s.complete = s.encoder.end, s.encoder.Encoding, end != goesOn, end == ended
	if s.isCertain() {
		s.section.forget(s.end)
	}
	s.finding.tell(progress{
		pieces: s.count, raw: s.raw, encoding: s.encoding, size: s.end - s.start, over: s.over, complete: s.complete,
	})
}

// follow waits until it is told of the last piece, and says whether an encoder makes anything of the stream.
func (s *inflation) follow() (found bool, err error) {
	known, err := s.finding.await(s.ctx, s.count)
	if err != nil || known.pieces == 0 {
		return false, err
	}
	s.end, s.encoding = s.start+known.size, known.encoding
	s.over, s.complete = known.over && known.pieces == s.count, known.complete
	if s.over && known.raw != s.raw {
		return false, errors.New("the blob has changed while it was read")
	}
	s.section.forget(min(s.end, s.section.position()))
	return true, nil
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
	s.raw += int64(len(s.piece))
	s.count++
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

// try has an encoder go on with a piece that was inflated, which ended as end says. The error is errDiffers if what it makes is
// not what is there.
func (s *inflation) try(c *candidate, piece []byte, end ending) error {
	made, err := c.deflater.Write(s.ctx, piece, end == ended)
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

// isCertain says whether the encoder has made so much of the stream that no other is looked for.
func (s *inflation) isCertain() bool { return s.encoder.end-s.start >= certain }

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
