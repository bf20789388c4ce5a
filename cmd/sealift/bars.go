package main

import (
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// Widths in columns. They are fixed, so that lines which have scrolled up stay aligned with those that follow.
const (
	nameWidth   = 25
	amountWidth = 18 // 1000 MB / 1000 MB
	barWidth    = 30
)

// bars is a progress of live bars on a terminal. Tasks that have ended scroll up as ordinary lines.
type bars struct {
	screen *screen
	pool   *mpb.Progress

	mu   sync.Mutex
	open map[*bar]struct{}
}

var (
	_ display      = (*bars)(nil)
	_ sealift.Task = (*bar)(nil)
)

func newBars(s *screen) *bars {
	pool := mpb.New(mpb.WithOutput(s.out), mpb.WithWidth(barWidth), mpb.PopCompletedMode())
	s.lift(pool)
	return &bars{screen: s, pool: pool, open: make(map[*bar]struct{})}
}

// Begin adds a bar.
func (b *bars) Begin(name string, total int64) sealift.Task {
	style := mpb.BarStyle().Padding(" ").Build()
	task := &bar{owner: b, started: time.Now()}
	line, err := b.pool.Add(0, emptied(style), // made with 0, so that the total can change
		mpb.PrependDecorators(
			decor.Name(shortened(printable(name)), decor.WC{W: nameWidth + 1, C: decor.DindentRight}),
			decor.Any(amount, decor.WC{W: amountWidth}),
		),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return pace(s, task.elapsed()) })),
	)
	if err != nil {
		return hush{}.Begin(name, total)
	}
	task.line = line
	task.SetTotal(total)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[task] = struct{}{}
	return task
}

// close ends what is still open as stopped, and waits until all is drawn.
func (b *bars) close() {
	b.mu.Lock()
	for task := range b.open {
		task.line.Abort(false)
	}
	b.mu.Unlock()
	b.pool.Wait()
	b.screen.lift(nil)
}

// bar is one task.
type bar struct {
	owner   *bars
	line    *mpb.Bar
	started time.Time
	took    atomic.Int64 // nanoseconds; 0 until the end
}

func (t *bar) elapsed() time.Duration {
	if took := t.took.Load(); took > 0 {
		return time.Duration(took)
	}
	return time.Since(t.started)
}

func (t *bar) Add(n int64) { t.line.IncrInt64(n) }

func (t *bar) SetTotal(n int64) { t.line.SetTotal(max(n, 0), false) }

func (t *bar) End(outcome error) {
	t.owner.mu.Lock()
	delete(t.owner.open, t)
	t.owner.mu.Unlock()
	t.took.Store(int64(time.Since(t.started)))
	if outcome != nil {
		t.line.Abort(false)
		return
	}
	t.line.SetTotal(-1, true)
}

// emptied draws bar only while the task runs and its total is known.
func emptied(bar mpb.BarFiller) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		if s.Completed || s.Aborted || s.Total <= 0 {
			return nil
		}
		return bar.Fill(w, s)
	})
}

// amount says how many bytes are done, and of how many.
func amount(s decor.Statistics) string {
	if s.Completed || s.Total <= 0 {
		return bytesOf(s.Current)
	}
	return bytesOf(s.Current) + " / " + bytesOf(s.Total)
}

// pace says how fast a task is and how long it will still take; or how it ended.
func pace(s decor.Statistics, elapsed time.Duration) string {
	switch {
	case s.Aborted:
		return "stopped"
	case s.Completed:
		return "done in " + seconds(elapsed.Seconds())
	case s.Current <= 0 || elapsed < time.Second:
		return ""
	}
	rate := float64(s.Current) / elapsed.Seconds()
	text := bytesOf(int64(rate)) + "/s"
	if s.Total > s.Current {
		left := time.Duration(math.Ceil(float64(s.Total-s.Current)/rate)) * time.Second
		text += fmt.Sprintf(", %s left", left)
	}
	return text
}

// shortened cuts a name that would leave no room for the bar.
func shortened(name string) string {
	if runes := []rune(name); len(runes) > nameWidth {
		return string(runes[:nameWidth-1]) + "…"
	}
	return name
}
