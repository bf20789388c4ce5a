package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// task is work to measure; storage-wasm/examples/speed.rs says what the routines and numbers are.
type task struct {
	routine string
	level   int
	every   int
	times   int
}

func (t task) String() string {
	if t.level > 0 {
		return fmt.Sprintf("%s -%d", t.routine, t.level)
	}
	return t.routine
}

// What is measured. Fast routines work several times, for their time to be measurable and to be theirs alone and not
// that of bringing the bytes. Slow ones get a part of the data.
var (
	split        = task{routine: "split", every: 1, times: 3}
	compress1    = task{routine: "compress", level: 1, every: 1, times: 1}
	compress3    = task{routine: "compress", level: 3, every: 1, times: 1}
	compress9    = task{routine: "compress", level: 9, every: 4, times: 1}
	compress19   = task{routine: "compress", level: 19, every: 8, times: 1}
	restore      = task{routine: "restore", every: 1, times: 3}
	restoreZeros = task{routine: "restore-zeros", every: 1, times: 3}
	verifyZeros  = task{routine: "verify-zeros", every: 1, times: 3}
	push         = task{routine: "push", level: codec.DefaultLevel, every: 1, times: 1}
	pull         = task{routine: "pull", every: 1, times: 1}

	levels = []task{compress1, compress3, compress9, compress19}

	tasks = []task{split, compress1, compress3, compress9, compress19, restore, restoreZeros, verifyZeros, push, pull}
)

// frame is a frame to restore.
type frame struct {
	packed  []byte
	raw     int
	extents []codec.Extent
}

// work is what tasks work on.
type work struct {
	raw    []byte
	frames []frame
	zeros  []frame // of zero bytes: restoring these takes next to no time, so hashing can be told from it
}

// newWork makes the frames from raw, with c.
func newWork(ctx context.Context, c *codec.Codec, raw []byte) (*work, error) {
	first, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer first.Release()
	second, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer second.Release()
	t := &thread{first: &worker{Worker: first}, second: &worker{Worker: second}}
	w := &work{raw: raw}
	if w.frames, err = framesOf(ctx, t, raw); err != nil {
		return nil, err
	}
	w.zeros, err = framesOf(ctx, t, make([]byte, len(raw)))
	return w, err
}

func framesOf(ctx context.Context, t *thread, raw []byte) ([]frame, error) {
	var frames []frame
	err := t.push(ctx, raw, codec.DefaultLevel, func(packed []byte, raw int, extents []codec.Extent) {
		frames = append(frames, frame{slices.Clone(packed), raw, slices.Clone(extents)})
	})
	return frames, err
}

// named returns the same work with chunks that have another hash for their ID.
func (w *work) named(sum func([]byte) [32]byte) *work {
	return &work{raw: w.raw, frames: renamed(w.frames, w.raw, sum), zeros: renamed(w.zeros, make([]byte, len(w.raw)), sum)}
}

// renamed returns the frames of raw with other IDs.
func renamed(frames []frame, raw []byte, sum func([]byte) [32]byte) []frame {
	frames = slices.Clone(frames)
	for i, f := range frames {
		extents := slices.Clone(f.extents)
		for k, e := range extents {
			extents[k].ID = sum(raw[e.Offset : e.Offset+e.Size])
		}
		frames[i].extents = extents
		raw = raw[f.raw:]
	}
	return frames
}

// run does a task and returns the number of chunks or bytes that came out.
func (w *work) run(ctx context.Context, t task, th *thread) (int, error) {
	switch t.routine {
	case split.routine:
		return w.split(ctx, t, th)
	case compress1.routine:
		return w.compress(ctx, t, th.second)
	case restore.routine:
		return restoreAll(ctx, w.frames, false, t, th.first)
	case restoreZeros.routine:
		return restoreAll(ctx, w.zeros, false, t, th.first)
	case verifyZeros.routine:
		return restoreAll(ctx, w.zeros, true, t, th.first)
	case push.routine:
		size := 0
		err := th.push(ctx, w.raw, t.level, func(packed []byte, _ int, _ []codec.Extent) { size += len(packed) })
		return size, err
	case pull.routine:
		return restoreAll(ctx, w.frames, true, t, th.first)
	}
	return 0, fmt.Errorf("no such routine: %s", t.routine)
}

// bytes is how many raw bytes a task works on.
func (w *work) bytes(t task) int {
	size, parts := 0, len(w.raw)
	switch t.routine {
	case split.routine:
		parts = codec.BatchSize
	case compress1.routine:
		parts = codec.FrameTarget
	}
	for i, part := range slices.Collect(slices.Chunk(w.raw, parts)) {
		if i%t.every == 0 {
			size += len(part) * t.times
		}
	}
	return size
}

func (w *work) split(ctx context.Context, t task, th *thread) (int, error) {
	count := 0
	for batch := range slices.Chunk(w.raw, codec.BatchSize*t.every) {
		th.first.hold(batch[:min(len(batch), codec.BatchSize)])
		for range t.times {
			var err error
			if th.chunks, err = th.first.split(ctx, th.chunks[:0]); err != nil {
				return 0, err
			}
			count += len(th.chunks)
		}
	}
	return count, nil
}

func (w *work) compress(ctx context.Context, t task, r routines) (int, error) {
	size := 0
	for raw := range slices.Chunk(w.raw, codec.FrameTarget*t.every) {
		r.hold(raw[:min(len(raw), codec.FrameTarget)])
		for range t.times {
			packed, err := r.compress(ctx, t.level)
			if err != nil {
				return 0, err
			}
			size += len(packed)
		}
	}
	return size, nil
}

// restoreAll restores frames and, if check is true, checks their chunks.
func restoreAll(ctx context.Context, frames []frame, check bool, t task, r routines) (int, error) {
	size := 0
	for _, f := range frames {
		r.hold(f.packed)
		var extents []codec.Extent
		if check {
			extents = f.extents
		}
		for range t.times {
			raw, err := r.restore(ctx, f.raw, extents)
			if err != nil {
				return 0, err
			}
			size += len(raw)
		}
	}
	return size, nil
}

// push cuts raw batch by batch, gathers chunks in frames and compresses these, each of which take gets with its raw size
// and its chunks.
func (t *thread) push(ctx context.Context, raw []byte, level int, take func([]byte, int, []codec.Extent)) error {
	var parts [][]byte
	var extents []codec.Extent
	filled := 0
	seal := func() error {
		t.second.hold(parts...)
		packed, err := t.second.compress(ctx, level)
		if err == nil {
			take(packed, filled, extents)
		}
		filled, parts, extents = 0, parts[:0], extents[:0]
		return err
	}
	for batch := range slices.Chunk(raw, codec.BatchSize) {
		t.first.hold(batch)
		var err error
		if t.chunks, err = t.first.split(ctx, t.chunks[:0]); err != nil {
			return err
		}
		for _, c := range t.chunks {
			parts, batch = append(parts, batch[:c.Size]), batch[c.Size:]
			extents = append(extents, codec.Extent{Chunk: c, Offset: uint32(filled)})
			if filled += int(c.Size); filled < codec.FrameTarget {
				continue
			}
			if err := seal(); err != nil {
				return err
			}
		}
	}
	if filled == 0 {
		return nil
	}
	return seal()
}
