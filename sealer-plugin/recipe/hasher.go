package recipe

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"sync"
)

// hasher computes the sha256 of a sequence of slices on a goroutine of its own. The slices are not copied: they must
// not change until wait returns.
type hasher struct {
	sum    hash.Hash
	size   int64
	queue  [][]byte // added, not yet handed over
	work   chan [][]byte
	unread sync.WaitGroup // batches handed over and not yet hashed
	exited chan struct{}
	muted  bool
}

func newHasher() *hasher {
	h := &hasher{sum: sha256.New(), work: make(chan [][]byte, 8), exited: make(chan struct{})}
	go h.run()
	return h
}

func (h *hasher) run() {
	defer close(h.exited)
	for batch := range h.work {
		for _, p := range batch {
			h.sum.Write(p)
		}
		h.unread.Done()
	}
}

// mute has all methods do nothing but addCopy, or something again.
func (h *hasher) mute(muted bool) {
	h.wait()
	h.muted = muted
}

// addCopy has a copy of p hashed, muted or not. It may be called by another goroutine than the others while these do nothing.
func (h *hasher) addCopy(p []byte) {
	if len(p) > 0 {
		h.size += int64(len(p))
		h.hand([][]byte{bytes.Clone(p)})
	}
}

func (h *hasher) hand(batch [][]byte) {
	h.unread.Add(1)
	h.work <- batch
}

// add appends p to what is to be hashed.
func (h *hasher) add(p []byte) {
	if len(p) > 0 && !h.muted {
		h.queue = append(h.queue, p)
		h.size += int64(len(p))
	}
}

// start has hashed, without waiting for it, what was added.
func (h *hasher) start() {
	if len(h.queue) > 0 && !h.muted {
		h.hand(h.queue)
		h.queue = nil
	}
}

// wait returns when all that was added is hashed.
func (h *hasher) wait() {
	if !h.muted {
		h.start()
		h.unread.Wait()
	}
}

// close ends the goroutine. What was not started is not hashed.
func (h *hasher) close() {
	close(h.work)
	<-h.exited
}
