package recipe

import (
	"context"
	"sync"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// finding is what is found out of a stream by one goroutine and told to others.
type finding struct {
	mu    sync.Mutex
	known progress
	more  chan struct{} // closed when more is known; nil if nobody waits
}

// progress is how far a stream is known.
type progress struct {
	pieces   int            // that were inflated and are made again
	raw      int64          // bytes of these
	encoding codec.Encoding // that makes them, if it is over
	size     int64          // bytes of the stream that are made again, so far
	over     bool
	complete bool  // if it is over: the stream is made again to its end
	err      error // why nothing is known
}

// tell says what is known now. Once it is over, nothing changes.
func (f *finding) tell(p progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known.over {
		return
	}
	f.known = p
	if f.more != nil {
		close(f.more)
		f.more = nil
	}
}

// await returns what is known once that is so many pieces, or all there is to know.
func (f *finding) await(ctx context.Context, pieces int) (progress, error) {
	for {
		known, more := f.look()
		if known.over || known.pieces >= pieces {
			return known, known.err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return progress{}, ctx.Err()
		}
	}
}

func (f *finding) look() (progress, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.more == nil {
		f.more = make(chan struct{})
	}
	return f.known, f.more
}

// Findings are what is found out of the streams of a blob. They are safe for concurrent use; nil ones are nobody's but the
// caller's own.
type Findings struct {
	survey *Survey

	mu sync.Mutex
	at map[string]*finding

	// Under the survey's lock:
	visits [depths]visits
	late   bool // it is not visited before the Build has met a gzip file
	met    bool // it has
	deep   int  // there are gzip files so deep inside of each other
	over   bool // nothing needs to be found out any more
}

// claim returns what is found out of the stream at a place. Whoever is the first to ask has to find out.
func (f *Findings) claim(place string) (_ *finding, mine bool) {
	if f == nil {
		return new(finding), true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	found, there := f.at[place]
	if !there {
		found = new(finding)
		f.at[place] = found
	}
	return found, !there
}

// change has do change what is under the survey's lock.
func (f *Findings) change(do func(*Findings)) {
	if f != nil {
		f.survey.mu.Lock()
		defer f.survey.mu.Unlock()
		do(f)
		f.survey.changed.Broadcast()
	}
}

// meet says that the Build has met a gzip file that is so deep inside of others.
func (f *Findings) meet(depth int) {
	f.change(func(f *Findings) { f.met, f.deep = true, max(f.deep, depth) })
}

// end says that nothing needs to be found out any more.
func (f *Findings) end() { f.change(func(f *Findings) { f.over = true }) }

func (f *Findings) isOver() bool {
	f.survey.mu.Lock()
	defer f.survey.mu.Unlock()
	return f.over
}

// isMet says whether the Build has met a gzip file. If it has not, it is waited for.
func (f *Findings) isMet() bool {
	f.survey.mu.Lock()
	defer f.survey.mu.Unlock()
	f.late = true
	return f.met
}
