package main

import (
	"fmt"
	"log/slog"
	"sync"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

const (
	percentStep = 10
	byteStep    = 16 << 20
)

// steps is a progress of lines, for files and pipes. However long a task takes, it has few lines: one each ten percent of its
// bytes, where these are 16 MiB or more, and one at its end. Of a task of unknown size there is one each time that its
// bytes have doubled.
type steps struct{ log *slog.Logger }

var (
	_ display      = (*steps)(nil)
	_ sealift.Task = (*step)(nil)
)

func (*steps) close() {}

// Begin shows nothing yet: many tasks end at once.
func (s *steps) Begin(name string, total int64) sealift.Task {
	return &step{log: s.log, name: name, total: total, next: byteStep}
}

// step is one task.
type step struct {
	log  *slog.Logger
	name string

	mu      sync.Mutex
	done    int64
	total   int64 // under 1: not known
	percent int64 // last shown
	next    int64 // bytes before which nothing is shown
	ended   bool
}

func (s *step) Add(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += n
	if s.ended || s.done >= s.total && s.total > 0 {
		return // the end has its own line
	}
	if s.done < s.next {
		return
	}
	if s.total > 0 {
		s.showPercent()
		return
	}
	for s.next <= s.done {
		s.next *= 2
	}
	s.say(bytesOf(s.done))
}

func (s *step) showPercent() {
	percent := int64(100*float64(s.done)/float64(s.total)) / percentStep * percentStep
	if percent <= s.percent {
		return
	}
	s.percent, s.next = percent, s.done+byteStep
	s.say(fmt.Sprintf("%d %% of %s", percent, bytesOf(s.total)))
}

func (s *step) SetTotal(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total = n
}

func (s *step) End(outcome error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if outcome != nil {
		s.say("stopped after " + bytesOf(s.done))
		return
	}
	s.say("done, " + bytesOf(s.done))
}

func (s *step) say(what string) { s.log.Info(s.name + ": " + what) }
