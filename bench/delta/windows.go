package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// reach is how far from their place in the old file new bytes are looked for, as in a push.
const reach = 1 << 20

// window is a run of chunks that the old file lacks, and the range of that file that they are coded against.
type window struct {
	Base     int64 // where the range begins
	BaseSize int
	Raw      int // bytes of the chunks
	Chunks   []piece
}

// piece is a chunk of the new file.
type piece struct {
	codec.Chunk
	At int64
}

// openWindows returns the windows of an update of a file.
func openWindows(ctx context.Context, old, new string) ([]window, error) {
	var chunks [2][]codec.Chunk
	err := withWorker(ctx, func(w *codec.Worker) (err error) {
		for i, name := range []string{old, new} {
			if chunks[i], err = split(ctx, w, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return cutWindows(chunks[0], chunks[1]), nil
}

// withWorker runs do with a worker that has a codec to itself.
func withWorker(ctx context.Context, do func(*codec.Worker) error) (err error) {
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	w, err := c.Acquire(ctx)
	if err != nil {
		return err
	}
	defer w.Release()
	return do(w)
}

// split returns the chunks of a file.
func split(ctx context.Context, w *codec.Worker, name string) ([]codec.Chunk, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var chunks []codec.Chunk
	buffer, rest := w.Buffer()[:codec.BatchSize], 0
	for {
		n, err := io.ReadFull(file, buffer[rest:])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return nil, err
		}
		n += rest
		cut := len(chunks)
		if chunks, err = w.Split(ctx, 0, n, end, chunks); err != nil || end {
			return chunks, err
		}
		rest = copy(buffer, buffer[sum(chunks[cut:]):n])
	}
}

func sum(chunks []codec.Chunk) (size int64) {
	for _, c := range chunks {
		size += int64(c.Size)
	}
	return size
}

// cutWindows makes windows of the chunks of a new file that an old one lacks.
func cutWindows(old, new []codec.Chunk) (windows []window) {
	known := make(map[codec.ID]bool)
	for _, c := range old {
		known[c.ID] = true
	}
	oldSize, newSize := sum(old), sum(new)
	next := int64(0)
	for _, c := range new {
		p := piece{c, next}
		next += int64(c.Size)
		if known[c.ID] {
			continue
		}
		known[c.ID] = true
		if last := len(windows) - 1; last < 0 || !windows[last].add(p, oldSize, newSize) {
			windows = append(windows, window{})
			windows[last+1].add(p, oldSize, newSize)
		}
	}
	return windows
}

// add puts one more chunk into the window, if it has room.
func (w *window) add(p piece, oldSize, newSize int64) bool {
	first := p
	if len(w.Chunks) > 0 {
		first = w.Chunks[0]
	}
	scale := float64(oldSize) / float64(newSize)
	from := max(0, int64(float64(first.At)*scale)-reach)
	to := min(oldSize, int64(float64(p.At+int64(p.Size))*scale)+reach)
	raw := w.Raw + int(p.Size)
	if raw > codec.MaxDelta || to-from > codec.MaxDeltaBase {
		return false
	}
	w.Base, w.BaseSize, w.Raw = from, int(to-from), raw
	w.Chunks = append(w.Chunks, p)
	return true
}

// extents returns where each chunk lies in the window.
func (w *window) extents() (extents []codec.Extent) {
	next := uint32(0)
	for _, p := range w.Chunks {
		extents = append(extents, codec.Extent{Chunk: p.Chunk, Offset: next})
		next += p.Size
	}
	return extents
}
