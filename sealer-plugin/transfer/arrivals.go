package transfer

import (
	"sync"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// recentPerJob is how many of the bytes that just came are kept in memory for who waits for them, for each job and one more: two
// deltas' worth, as what several jobs make comes all at once.
const recentPerJob = 2 * codec.MaxDelta

// arrivals tells of chunks as they are fetched, and has the latest of them. It is safe for concurrent use.
type arrivals struct {
	limit int // of bytes

	mu    sync.Mutex
	at    map[codec.ID][]byte
	kept  [][]codec.Extent // oldest first
	sizes []int            // of the raw bytes of each
	bytes int              // of all of these
	more  chan struct{}    // closed when something has come; nil once all has
}

func newArrivals(jobs int) *arrivals {
	return &arrivals{limit: (jobs + 1) * recentPerJob, at: make(map[codec.ID][]byte), more: make(chan struct{})}
}

// put hands over verified chunks that lie in raw, which must not be changed any more. Nobody waits for those of a nil arrivals.
func (a *arrivals) put(raw []byte, extents []codec.Extent) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range extents {
		a.at[e.ID] = raw[e.Offset:][:e.Size:e.Size]
	}
	a.kept, a.sizes, a.bytes = append(a.kept, extents), append(a.sizes, len(raw)), a.bytes+len(raw)
	for a.bytes > a.limit {
		for _, e := range a.kept[0] {
			delete(a.at, e.ID)
		}
		a.bytes -= a.sizes[0]
		a.kept, a.sizes = a.kept[1:], a.sizes[1:]
	}
	if a.more != nil {
		close(a.more)
		a.more = make(chan struct{})
	}
}

// end says that all there was to come is in the store. What is put nevertheless nobody waits for.
func (a *arrivals) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.more)
	a.more = nil
}

// look returns the bytes of a chunk, which stay as they are, nil if they are not at hand any more, or not yet. In these cases
// more is closed when something else has come; it is nil once all has.
func (a *arrivals) look(id codec.ID) (data []byte, more <-chan struct{}) {
	if a == nil {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at[id], a.more
}
