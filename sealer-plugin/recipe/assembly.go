package recipe

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

const (
	// behind is how many streams are made at once beyond those that are open around each other. An encoder has a state
	// of up to 2 MiB, that of a zstd frame one of 14.
	behind = 4
	// maxLead is how many buffers, at most, there are for going on behind a stream that is being made: 12 MiB.
	maxLead = 24
)

// assembly makes a blob of its content: it sends what is inside of streams through their encoders. Each works on a
// goroutine of its own, and content goes on to be written behind a stream while that is being made.
//
// The writer waits for a buffer, or for a stream to be over. That ends, since a stage waits for nothing but its input,
// of which it has got all that was written: a stream that was closed gets made, and then it is taken, and what lies
// behind it. Each stage may hold on to one buffer; there are more than that.
type assembly struct {
	ctx      context.Context // of the one call of Rebuild that this is for; ended by the first error
	cancel   context.CancelFunc
	codec    *codec.Codec
	streams  []Stream     // that did not begin yet
	at       int64        // position in the content
	out      *stage       // of the blob
	open     []*deflation // around each other
	buffer   []byte       // for the stage on top; nil if it was passed on
	free     buffers
	underWay chan struct{} // one for each stream that is being made

	running sync.WaitGroup // stages
	once    sync.Once
	err     error // the first one
}

func newAssembly(ctx context.Context, r *Recipe, w io.Writer) *assembly {
	a := &assembly{
		codec:    r.codec,
		streams:  r.Streams,
		free:     newBuffers(buffersFor(r.Streams)),
		underWay: make(chan struct{}, maxDepth+behind),
	}
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.out = newStage(a.free, func(buffer []byte, _ bool) error { return a.output(w, buffer) })
	a.running.Go(func() { a.fail(a.out.run()) })
	return a
}

// buffersFor returns how many buffers are enough: two for each of the stages that are around each other and for the
// writer, and a lead where streams lie behind others.
func buffersFor(streams []Stream) int {
	stages, lead := 1, int64(0)
	for _, s := range streams {
		stages = max(stages, s.Depth+2)
		if s.end() <= streams[len(streams)-1].Start {
			lead = max(lead, behind*(s.Raw/pieceSize+1))
		}
	}
	return 2*(stages+1) + int(min(lead, maxLead))
}

// output writes a piece of the blob.
func (a *assembly) output(w io.Writer, buffer []byte) error {
	if err := a.ctx.Err(); err != nil || buffer == nil {
		return err
	}
	if _, err := w.Write(buffer); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	a.free.put(buffer)
	return nil
}

// fail takes note of an error, if it is the first, and ends everything. It does nothing if there is none.
func (a *assembly) fail(err error) {
	if err != nil {
		a.once.Do(func() { a.err = err })
		a.cancel()
	}
}

// write appends a copy of p, a part of the content.
func (a *assembly) write(p []byte) error {
	for len(p) > 0 {
		if err := a.turn(); err != nil {
			return err
		}
		n := int64(len(p))
		if len(a.streams) > 0 {
			n = min(n, a.streams[0].Start-a.at)
		}
		if len(a.open) > 0 {
			n = min(n, a.open[len(a.open)-1].end()-a.at)
		}
		if err := a.fill(p[:n]); err != nil {
			return err
		}
		a.at += n
		p = p[n:]
	}
	return nil
}

// top is where the content goes now.
func (a *assembly) top() *stage {
	if n := len(a.open); n > 0 {
		return a.open[n-1].stage
	}
	return a.out
}

// turn ends the streams that end here, and begins those that begin here.
func (a *assembly) turn() error {
	for n := len(a.open) - 1; n >= 0 && a.open[n].end() == a.at; n-- {
		if err := a.flush(); err != nil {
			return err
		}
		close(a.open[n].parts)
		a.open = a.open[:n]
	}
	for len(a.streams) > 0 && a.streams[0].Start == a.at {
		if err := a.flush(); err != nil {
			return err
		}
		if err := a.begin(a.streams[0]); err != nil {
			return err
		}
		a.streams = a.streams[1:]
	}
	return nil
}

// begin opens a stream, which follows in what it lies in.
func (a *assembly) begin(s Stream) error {
	select {
	case a.underWay <- struct{}{}:
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
	around := a.top()
	d := newDeflation(a.ctx, a.codec, s, a.free)
	a.open = append(a.open, d)
	a.running.Go(func() {
		a.fail(d.run())
		close(d.made)
		<-a.underWay
	})
	return a.pass(around, part{stream: d.made})
}

// fill appends a copy of p to the buffer, or several.
func (a *assembly) fill(p []byte) error {
	for len(p) > 0 {
		if a.buffer == nil {
			select {
			case a.buffer = <-a.free:
			case <-a.ctx.Done():
				return a.ctx.Err()
			}
		}
		n := min(len(p), pieceSize-len(a.buffer))
		if n > cap(a.buffer)-len(a.buffer) && n > pieceSize/16 {
			a.buffer = slices.Grow(a.buffer, pieceSize-len(a.buffer)) // likely to be filled
		}
		a.buffer = append(a.buffer, p[:n]...)
		p = p[n:]
		if len(a.buffer) == pieceSize {
			if err := a.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush passes on what was filled.
func (a *assembly) flush() error {
	if a.buffer == nil {
		return nil
	}
	full := a.buffer
	a.buffer = nil
	return a.pass(a.top(), part{buffer: full})
}

// pass has a stage take p after what it got before.
func (a *assembly) pass(s *stage, p part) error {
	select {
	case s.parts <- p:
		return nil
	case <-a.ctx.Done():
		return a.ctx.Err()
	}
}

// end waits until the blob is made of the content that was written, or everything has ended after an error, which may
// be the given one. It returns the first error.
func (a *assembly) end(err error) error {
	defer a.cancel()
	a.fail(err)
	for _, d := range a.open {
		close(d.parts)
	}
	close(a.out.parts)
	a.running.Wait()
	return a.err
}
