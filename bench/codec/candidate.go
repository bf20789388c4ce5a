package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// candidate is an implementation of the routines. Its methods are for one goroutine.
type candidate interface {
	// name is what the tables call it.
	name() string
	// run does all of a task on each of so many threads, at most those it was made for. It returns the number of
	// chunks or bytes that came out of one.
	run(ctx context.Context, t task, threads int) (int, error)
	// clock is the CPU clock of the process that works.
	clock() int32
	// close frees what it holds.
	close() error
}

// routines are what a candidate in this process has, for one goroutine. What a call returns is valid until the next.
type routines interface {
	// hold takes the bytes that calls work on, at most codec.BatchSize of them, as a read would bring them.
	hold(parts ...[]byte)
	// split cuts what is held, after which nothing follows, and appends its chunks.
	split(ctx context.Context, chunks []codec.Chunk) ([]codec.Chunk, error)
	// compress makes a frame of what is held.
	compress(ctx context.Context, level int) ([]byte, error)
	// restore decompresses the frame that is held, and checks chunks in it.
	restore(ctx context.Context, raw int, extents []codec.Extent) ([]byte, error)
}

// thread has two sets of routines, as a push does: one cuts or restores, the other compresses what it gathers.
type thread struct {
	first, second routines
	chunks        []codec.Chunk
}

// inProcess is a candidate in this process.
type inProcess struct {
	title   string
	work    *work
	threads []*thread
	finish  func() error
}

func (p *inProcess) name() string { return p.title }
func (p *inProcess) clock() int32 { return unix.CLOCK_PROCESS_CPUTIME_ID }
func (p *inProcess) close() error { return p.finish() }

func (p *inProcess) run(ctx context.Context, t task, threads int) (int, error) {
	var first int
	group, ctx := errgroup.WithContext(ctx)
	for i, thread := range p.threads[:threads] {
		group.Go(func() error {
			cameOut, err := p.work.run(ctx, t, thread)
			if i == 0 {
				first = cameOut
			}
			return err
		})
	}
	err := group.Wait()
	return first, err
}

// newEngine returns an engine of codec as a candidate.
func newEngine(ctx context.Context, engine, cache string, w *work, threads int) (_ *inProcess, err error) {
	c, err := codec.New(ctx, codec.Options{Engine: engine, CacheDir: cache})
	if err != nil {
		return nil, err
	}
	p := &inProcess{title: engine, work: w, finish: func() error { return c.Close(ctx) }}
	for range threads {
		first, err := c.Acquire(ctx)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		second, err := c.Acquire(ctx)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.threads = append(p.threads, &thread{first: &worker{Worker: first}, second: &worker{Worker: second}})
	}
	return p, nil
}

// worker is the routines of the module. It is not released before its codec is closed, so that the pool, which keeps
// few idle instances, does not take it apart.
type worker struct {
	*codec.Worker
	held int
}

var _ routines = (*worker)(nil)

func (w *worker) hold(parts ...[]byte) {
	w.held = 0
	for _, p := range parts {
		w.held += copy(w.Buffer()[w.held:], p)
	}
}

func (w *worker) split(ctx context.Context, chunks []codec.Chunk) ([]codec.Chunk, error) {
	return w.Split(ctx, 0, w.held, true, chunks)
}

func (w *worker) compress(ctx context.Context, level int) ([]byte, error) {
	return w.Compress(ctx, w.held, level)
}

func (w *worker) restore(ctx context.Context, raw int, extents []codec.Extent) ([]byte, error) {
	return w.Restore(ctx, w.held, raw, extents)
}

// agree makes sure that all of candidates do the same work: each has the same number of chunks or bytes come out.
func agree(ctx context.Context, t task, candidates []candidate) error {
	want := -1
	for _, c := range candidates {
		got, err := c.run(ctx, t, 1)
		if err != nil {
			return fmt.Errorf("%v by %s: %w", t, c.name(), err)
		}
		if want < 0 {
			want = got
		}
		if got != want {
			return fmt.Errorf("%v: %d come out of %s, %d out of %s", t, got, c.name(), want, candidates[0].name())
		}
	}
	return nil
}
