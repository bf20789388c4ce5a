package recipe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Blob is one that a Survey looks through.
type Blob struct {
	// Open gives the blob, each time from its beginning on, which should cost little. Unless that is an io.ReaderAt, too, the
	// blob is not read before its Build has met a gzip file: then it is read whole.
	Open func(context.Context) (io.ReadCloser, error)
	Size int64 // bytes
}

// Survey finds out how the deflate streams of blobs are made again, ahead of the Builds that take the blobs apart, and of
// several streams at once: each takes one CPU for long. What it does not come to a Build finds out itself.
//
// Its goroutines go through all blobs in their order, first through the gzip files that are in the blobs themselves, then, where
// these have any, through those inside of them. Whoever comes to a stream first finds out; others pass it by, or follow.
type Survey struct {
	codec    *codec.Codec
	cancel   context.CancelFunc
	running  sync.WaitGroup
	blobs    []Blob
	findings []*Findings

	mu      sync.Mutex // of all that findings have but streams
	changed *sync.Cond // something of that
}

// depths are how deep goroutines look: at gzip files that are in the blob itself, then at those inside of these.
const depths = 2

// maxVisitors is how many goroutines go through a blob at once. Each inflates what the streams that it looks for are inside of.
const maxVisitors = 4

// visits are those of goroutines of a survey to a blob.
type visits struct {
	now  int  // how many there are at the moment
	done bool // one has seen all of it
}

// NewSurvey begins to look through blobs with so many goroutines. It must be closed.
func NewSurvey(ctx context.Context, c *codec.Codec, blobs []Blob, goroutines int) *Survey {
	ctx, cancel := context.WithCancel(ctx)
	s := &Survey{codec: c, cancel: cancel, blobs: blobs}
	s.changed = sync.NewCond(&s.mu)
	for range blobs {
		s.findings = append(s.findings, &Findings{survey: s, at: make(map[string]*finding)})
	}
	for range goroutines {
		s.running.Go(func() { s.run(ctx) })
	}
	return s
}

// Findings returns what is found out of a blob, for one Build of it.
func (s *Survey) Findings(blob int) *Findings { return s.findings[blob] }

// Close ends what is still being done. Builds that were given findings must be over.
func (s *Survey) Close() {
	s.cancel()
	for _, f := range s.findings {
		f.end()
	}
	s.running.Wait()
}

func (s *Survey) run(ctx context.Context) {
	for depth := range depths {
		for blob := s.arrive(depth); blob >= 0; blob = s.arrive(depth) {
			err := s.visit(ctx, blob, depth) // what it did not come to is left to the Build, which will see the same error
			s.leave(blob, depth, !errors.Is(err, errTooEarly))
		}
	}
}

// arrive returns the blob to look through next: of those not done the first with the fewest visitors; -1 if there is none.
// It waits for what is still unknown.
func (s *Survey) arrive(depth int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		next, fewest, wait := -1, maxVisitors, false
		for i, f := range s.findings {
			switch v := f.visits[depth]; {
			case v.done || f.over:
			case f.late && !f.met:
				wait = true
			case f.deep < depth:
				wait = wait || f.met || f.visits[depth-1].now > 0
			case v.now < fewest:
				next, fewest = i, v.now
			}
		}
		if next >= 0 {
			s.findings[next].visits[depth].now++
			return next
		}
		if !wait {
			return -1
		}
		s.changed.Wait()
	}
}

// leave ends a visit.
func (s *Survey) leave(blob, depth int, done bool) {
	s.findings[blob].change(func(f *Findings) {
		f.visits[depth].now--
		f.visits[depth].done = f.visits[depth].done || done
	})
}

// errTooEarly is why a blob that can only be read from its beginning on is not visited: it may have no gzip file.
var errTooEarly = errors.New("the Build has met no gzip file yet")

// visit goes through a blob.
func (s *Survey) visit(ctx context.Context, blob, depth int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, err := s.blobs[blob].Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // nothing was written
	sc := &scout{reading: &reading{ctx: ctx, codec: s.codec, found: s.findings[blob]}, depth: depth}
	sc.source = &source{ctx: ctx, r: opened}
	if r, ok := opened.(io.ReaderAt); ok {
		sc.at = io.NewSectionReader(r, 0, s.blobs[blob].Size)
		sc.source.r = sc.at
	} else if !sc.found.isMet() {
		return errTooEarly
	}
	sc.top = newContent(sc, sc.source)
	err = sc.top.read(Tar)
	cancel()
	sc.running.Wait()
	return err
}

// scout goes through a blob of which it keeps nothing but findings.
type scout struct {
	*reading
	at    *io.SectionReader // the blob, if it can be read at any place
	top   *content          // of the blob
	depth int               // of the gzip files that it looks for
}

var _ sink = (*scout)(nil)

func (s *scout) literal([]byte) error    { return nil }
func (s *scout) cut() error              { return nil }
func (s *scout) file(File)               {}
func (s *scout) opens() bool             { return !s.found.isOver() }
func (s *scout) open(*content, *section) {}
func (s *scout) close(*content)          {}

// data passes n bytes by, without reading those of the blob itself.
func (s *scout) data(r *bufio.Reader, n int64) (int64, error) {
	if s.at == nil || r != s.top.r {
		passed, err := r.Discard(int(min(n, math.MaxInt)))
		return int64(passed), ignoreEOF(err)
	}
	n = min(n, s.at.Size()-s.top.position())
	buffered, _ := r.Discard(int(min(n, int64(r.Buffered())))) // never fails
	rest := n - int64(buffered)
	s.top.passed.bytes += rest
	_, err := s.at.Seek(rest, io.SeekCurrent)
	return n, err
}

func (s *scout) member(c *content, sec *section) (bool, error) {
	if c.depth > s.depth {
		s.found.change(func(f *Findings) { f.deep = max(f.deep, c.depth) })
		return false, nil
	}
	place, start := c.placeIn(sec), sec.mark()
	around := unwrap(sec)
	if around == nil {
		return false, nil
	}
	finding, mine := s.found.claim(place)
	if !mine && c.depth == s.depth {
		sec.rewind(start)
		return false, nil
	}
	stream := newInflation(s.reading, sec, around, finding, mine)
	if found, err := stream.recognise(); !found || err != nil {
		sec.rewind(start)
		return false, err
	}
	if err := c.inside(stream, place, false); err != nil {
		return false, err
	}
	if sec.rewind(stream.end); !stream.complete {
		return false, nil
	}
	return true, c.literals(sec.r, around.trailer)
}
