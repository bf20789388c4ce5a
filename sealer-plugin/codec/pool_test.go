package codec

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
)

// newTestCodec loads a module that does nothing but what m says, with the engine that compiles modules at run time.
func newTestCodec(t *testing.T, m testModule) *Codec {
	t.Helper()
	c, err := newCodec(t.Context(), m.encode(), Options{Engine: Wazero})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return c
}

func acquire(t *testing.T, c *Codec) *Worker {
	t.Helper()
	w, err := c.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Release)
	return w
}

func TestTrap(t *testing.T) {
	calls := map[routine]func(context.Context, *Worker) error{
		routineSplit: func(ctx context.Context, w *Worker) error {
			_, err := w.Split(ctx, 0, 1, true, nil)
			return err
		},
		routineCompress: func(ctx context.Context, w *Worker) error {
			_, err := w.Compress(ctx, 1, DefaultLevel)
			return err
		},
		routineRestore: func(ctx context.Context, w *Worker) error {
			_, err := w.Restore(ctx, 1, 1, nil)
			return err
		},
	}
	for r, call := range calls {
		modules := map[string]testModule{
			"unreachable":     {traps: r},
			"internal error":  {results: map[routine]int64{r: -4}},
			"argument error":  {results: map[routine]int64{r: -1}},
			"too long result": {results: map[routine]int64{r: outputSize + 1}},
		}
		for name, m := range modules {
			t.Run(r.String()+"/"+name, func(t *testing.T) {
				c := newTestCodec(t, m)
				w := acquire(t, c)
				err := call(t.Context(), w)
				var trap *TrapError
				if !errors.As(err, &trap) || trap.Routine != r.String() {
					t.Fatalf("got error %v, want a *TrapError of %v", err, r)
				}
				if msg := err.Error(); !strings.Contains(msg, r.String()) || strings.Contains(msg, "\n") {
					t.Errorf("message %q: want one line that names the routine", msg)
				}
				if again := call(t.Context(), w); !errors.Is(again, err) {
					t.Errorf("a second call gave %v, want the first error again", again)
				}
				testDiscarded(t, c, w)
			})
		}
	}
}

// testDiscarded releases a worker that failed and checks that its instance is not given out again.
func testDiscarded(t *testing.T, c *Codec, w *Worker) {
	t.Helper()
	failed := w.inst
	if len(w.Buffer()) != BufferSize {
		t.Error("the buffer is gone before the worker is released")
	}
	w.Release()
	for range runtime.GOMAXPROCS(0) + 1 {
		if next := acquire(t, c); next.inst == failed {
			t.Fatal("the instance that failed was given out again")
		}
	}
}

func TestIdleInstancesAreReused(t *testing.T) {
	c := newTestCodec(t, testModule{})
	a, b := acquire(t, c), acquire(t, c)
	last := b.inst
	a.Release()
	b.Release()
	if w := acquire(t, c); w.inst != last {
		t.Error("the instance that was released last was not given out first")
	}
}

func TestIdleInstancesAreBounded(t *testing.T) {
	c := newTestCodec(t, testModule{})
	limit := runtime.GOMAXPROCS(0)
	var workers []*Worker
	for range limit + 3 {
		workers = append(workers, acquire(t, c))
	}
	for _, w := range workers {
		w.Release()
	}
	if len(c.idle) != limit {
		t.Errorf("%d instances are idle, want %d", len(c.idle), limit)
	}
}

func TestReleaseTwice(t *testing.T) {
	c := newTestCodec(t, testModule{})
	w := acquire(t, c)
	w.Release()
	w.Release()
	a, b := acquire(t, c), acquire(t, c)
	if a.inst == b.inst {
		t.Error("two workers share an instance")
	}
	if w.Buffer() != nil {
		t.Error("a released worker has a buffer")
	}
	if _, err := w.Split(t.Context(), 0, 1, true, nil); err == nil {
		t.Error("split: a released worker did not refuse")
	}
	if _, err := w.Compress(t.Context(), 1, DefaultLevel); err == nil {
		t.Error("compress: a released worker did not refuse")
	}
	if _, err := w.Restore(t.Context(), 1, 1, nil); err == nil {
		t.Error("restore: a released worker did not refuse")
	}
}

func TestCloseWhileWorkersAreInUse(t *testing.T) {
	c := newTestCodec(t, testModule{})
	w := acquire(t, c)
	for range 2 {
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Acquire(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("acquire: got error %v, want %v", err, ErrClosed)
	}
	if _, err := w.Compress(t.Context(), 1, DefaultLevel); !errors.Is(err, ErrClosed) {
		t.Errorf("compress: got error %v, want %v", err, ErrClosed)
	}
	clear(w.Buffer()) // still valid memory
	w.Release()
	if len(c.idle) != 0 {
		t.Error("a closed codec keeps instances")
	}
}

func TestCancelledContext(t *testing.T) {
	c := newTestCodec(t, testModule{results: map[routine]int64{routineCompress: 1, routineRestore: 1}})
	w := acquire(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Acquire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("acquire: got error %v", err)
	}
	if _, err := w.Split(ctx, 0, 1, true, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("split: got error %v", err)
	}
	if _, err := w.Compress(ctx, 1, DefaultLevel); !errors.Is(err, context.Canceled) {
		t.Errorf("compress: got error %v", err)
	}
	if _, err := w.Restore(ctx, 1, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("restore: got error %v", err)
	}
	if _, err := w.Compress(t.Context(), 1, DefaultLevel); err != nil {
		t.Errorf("after a cancelled call the worker fails: %v", err)
	}
}

func TestCallsDoNotAllocate(t *testing.T) {
	c := newTestCodec(t, testModule{results: map[routine]int64{routineSplit: 1, routineCompress: 1, routineRestore: 1}})
	w := acquire(t, c)
	ctx := t.Context()
	extents := []Extent{{Chunk: Chunk{Size: 1}}}
	chunks := make([]Chunk, 0, 1)
	allocs := testing.AllocsPerRun(100, func() {
		_, errSplit := w.Split(ctx, 0, 1, true, chunks)
		_, errCompress := w.Compress(ctx, 1, DefaultLevel)
		_, errRestore := w.Restore(ctx, 1, 1, extents)
		if err := errors.Join(errSplit, errCompress, errRestore); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("three calls allocate %v times", allocs)
	}
}
