package transfer

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// delta reads a delta, decodes it, and stores the wanted chunks.
func (f *packFetcher) delta(ctx context.Context, r io.Reader, job frameJob) error {
	w := f.worker
	if _, err := io.ReadFull(r, w.Buffer()[codec.MaxDeltaBase:][:job.place.Size]); err != nil {
		return err
	}
	size := 0
	for _, c := range job.base {
		size += int(c.Size)
	}
	start := codec.MaxDeltaBase - size
	if err := f.readBase(ctx, job.base, w.Buffer()[start:codec.MaxDeltaBase]); err != nil {
		return err
	}
	raw, err := w.Patch(ctx, start, size, int(job.place.Size), int(job.place.Raw), job.extents)
	if err != nil {
		return err
	}
	return f.storeChunks(ctx, raw, job.extents)
}

// readBase puts what a delta is coded against into data. What turns out to be damaged is fetched again, as frames.
func (f *packFetcher) readBase(ctx context.Context, base []codec.Chunk, data []byte) error {
	for _, c := range base {
		chunk, err := f.bases.chunk(ctx, c)
		if errors.Is(err, codec.ErrDamaged) || errors.Is(err, store.ErrNotFound) {
			f.opts.Log.Warn("local data is damaged: what is lost is fetched again", "reason", err)
			chunk, err = f.fetchAgain(ctx, base, c)
		}
		if err != nil {
			return err
		}
		data = data[copy(data, chunk):]
	}
	return nil
}

// fetchAgain fetches those of chunks that are not at hand any more, and reads one of them.
func (f *packFetcher) fetchAgain(ctx context.Context, chunks []codec.Chunk, c codec.Chunk) ([]byte, error) {
	missing, err := f.missing(chunks)
	if err != nil {
		return nil, err
	}
	planner := &planner{chunkedImage: f.image, missing: f.missing, noDelta: true}
	plan, err := planner.plan(missing)
	if err != nil {
		return nil, err
	}
	if err := f.packs(ctx, plan.frames); err != nil {
		return nil, err
	}
	if err := f.store.Flush(ctx); err != nil {
		return nil, err
	}
	return f.bases.chunk(ctx, c)
}

// storeChunks puts chunks of a delta's raw bytes, which lie in the worker's output, into the store, in frames.
func (f *packFetcher) storeChunks(ctx context.Context, raw []byte, extents []codec.Extent) error {
	w := f.worker
	keep := w.Buffer()[codec.MaxFrame:][:len(raw)] // as the next call overwrites the output
	copy(keep, raw)
	for len(extents) > 0 {
		frame := w.Buffer()[:0]
		var held []codec.Extent
		for len(extents) > 0 && len(frame) < codec.FrameTarget {
			e := extents[0]
			extents = extents[1:]
			held = append(held, codec.Extent{Chunk: e.Chunk, Offset: uint32(len(frame))})
			frame = append(frame, keep[e.Offset:][:e.Size]...)
		}
		packed, err := w.Compress(ctx, len(frame), codec.MinLevel)
		if err != nil {
			return err
		}
		if err := f.store.Append(ctx, packed, held); err != nil {
			return err
		}
	}
	return nil
}
