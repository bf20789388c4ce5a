package recipe

import (
	"bufio"
	"context"
	"io"
	"math"
	"sync"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Surveyed is a blob that a Survey looks through.
type Surveyed struct {
	Open func(context.Context) (io.ReadCloser, error) // gives an io.ReaderAt, too, or the blob is left out
	Size int64                                        // bytes

	Findings *Findings // new, for the Build
}

// Survey finds out how the deflate streams of blobs are made again, ahead of the Builds that take the blobs apart, and of
// several streams at once: each takes one CPU for long. What it does not come to a Build finds out itself.
//
// Its goroutines go through all blobs in their order, first through the gzip files that are in the blobs themselves, then, where
// these have any, through those inside of them. Whoever comes to a stream first finds out; others pass it by, or follow.
type Survey struct {
	codec   *codec.Codec
	cancel  context.CancelFunc
	running sync.WaitGroup
	blobs   []Surveyed

	mu      sync.Mutex // of the visits of all findings
	changed *sync.Cond // some of them
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
func NewSurvey(ctx context.Context, c *codec.Codec, blobs []Surveyed, goroutines int) *Survey {
	ctx, cancel := context.WithCancel(ctx)
	s := &Survey{codec: c, cancel: cancel, blobs: blobs}
	s.changed = sync.NewCond(&s.mu)
	for range goroutines {
		s.running.Go(func() { s.run(ctx) })
	}
	return s
}

// Close ends what is still being done. Builds that were given findings must be over.
func (s *Survey) Close() {
	s.cancel()
	s.running.Wait()
}

func (s *Survey) run(ctx context.Context) {
	for depth := range depths {
		for blob := s.arrive(depth); blob != nil; blob = s.arrive(depth) {
			_ = s.visit(ctx, blob, depth) // what it did not come to is left to the Build, which will see the same error
			s.leave(blob, depth)
		}
	}
}

// arrive returns the blob to look through next: of those not done the first with the fewest visitors; nil if there is none.
// It waits for what is still unknown.
func (s *Survey) arrive(depth int) *Surveyed {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		next, fewest, wait := (*visits)(nil), maxVisitors, false
		var blob *Surveyed
		for i := range s.blobs {
			f := s.blobs[i].Findings
			switch v := &f.visits[depth]; {
			case v.done || f.isOver():
			case f.deep < depth:
				wait = wait || f.visits[depth-1].now > 0
			case v.now < fewest:
				next, fewest, blob = v, v.now, &s.blobs[i]
			}
		}
		if next != nil {
			next.now++
			return blob
		}
		if !wait {
			return nil
		}
		s.changed.Wait()
	}
}

// deepen says that a blob has gzip files inside of each other, so many of them.
func (s *Survey) deepen(blob *Surveyed, depth int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if blob.Findings.deep < depth {
		blob.Findings.deep = depth
		s.changed.Broadcast()
	}
}

// leave ends a visit.
func (s *Survey) leave(blob *Surveyed, depth int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &blob.Findings.visits[depth]
	v.now, v.done = v.now-1, true
	s.changed.Broadcast()
}

// visit goes through a blob.
func (s *Survey) visit(ctx context.Context, blob *Surveyed, depth int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, err := blob.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // nothing was written
	at, ok := opened.(io.ReaderAt)
	if !ok {
		return nil
	}
	r := io.NewSectionReader(at, 0, blob.Size)
	sc := &scout{
		reading: &reading{ctx: ctx, codec: s.codec, source: &source{ctx: ctx, r: r}, found: blob.Findings},
		survey:  s,
		blob:    blob,
		r:       r,
		depth:   depth,
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
	survey *Survey
	blob   *Surveyed
	r      *io.SectionReader // of the blob
	top    *content          // likewise
	depth  int               // of the gzip files that it looks for
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
	if r != s.top.r {
		passed, err := r.Discard(int(min(n, math.MaxInt)))
		return int64(passed), ignoreEOF(err)
	}
	n = min(n, s.r.Size()-s.top.position())
	buffered, _ := r.Discard(int(min(n, int64(r.Buffered())))) // never fails
	rest := n - int64(buffered)
	s.top.passed.bytes += rest
	_, err := s.r.Seek(rest, io.SeekCurrent)
	return n, err
}

func (s *scout) member(c *content, sec *section) (bool, error) {
	if c.depth > s.depth {
		s.survey.deepen(s.blob, c.depth)
		return false, nil
	}
	place, start := c.placeIn(sec), sec.mark()
	header := readHeader(sec)
	if header == nil {
		return false, nil
	}
	finding, mine := s.found.claim(place)
	if !mine && c.depth == s.depth {
		sec.rewind(start)
		return false, nil
	}
	stream := newInflation(s.reading, sec, header, finding, mine)
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
	return true, c.literals(sec.r, gzipTrailer)
}
