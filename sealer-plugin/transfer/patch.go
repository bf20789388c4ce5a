package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// deltaRange is a range of deltas that is being fetched.
type deltaRange struct {
	desc   ocispec.Descriptor // of the pack
	deltas chan delta         // closed when no more will come
}

// delta is one that was fetched.
type delta struct {
	frameJob
	coded []byte
}

// deltas fetches ranges of deltas, several at once, and decodes them in their order.
func (f *fetcher) deltas(ctx context.Context, ranges []packJob, bases comingBases) error {
	group, ctx := errgroup.WithContext(ctx)
	queue := make(chan *deltaRange, f.opts.Jobs) // some wait for the network while others are decoded
	group.Go(func() error {
		defer close(queue)
		for _, job := range ranges {
			r := &deltaRange{job.desc, make(chan delta, deltasAhead)}
			select {
			case queue <- r:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			group.Go(func() error {
				defer close(r.deltas)
				return f.pack(ctx, job, func(rc io.Reader, frame frameJob) error { return r.read(ctx, rc, frame) })
			})
		}
		return nil
	})
	group.Go(func() error { return f.decode(ctx, queue, bases) })
	return group.Wait()
}

func (r *deltaRange) read(ctx context.Context, rc io.Reader, frame frameJob) error {
	d := delta{frame, make([]byte, frame.place.Size)}
	if _, err := io.ReadFull(rc, d.coded); err != nil {
		return err
	}
	select {
	case r.deltas <- d:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// decode decodes what comes, several deltas at once, and stores the wanted chunks. What the deltas are coded against is read in
// one place, as neighbours share some of it.
func (f *fetcher) decode(ctx context.Context, queue <-chan *deltaRange, bases comingBases) error {
	reader := f.newUncheckedReader()
	defer reader.close()
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(f.opts.Jobs)
	err := f.dispatch(gctx, queue, bases, reader, group)
	if failed := group.Wait(); failed != nil {
		return failed // this is why nothing more was dispatched
	}
	return err
}

// dispatch has each delta decoded by a goroutine of group once the worker has it, and what it is coded against.
func (f *fetcher) dispatch(
	ctx context.Context, queue <-chan *deltaRange, bases comingBases, reader *localReader, group *errgroup.Group,
) error {
	for r := range queue {
		for d := range r.deltas {
			err := bases.wait(ctx, d.base)
			if err != nil {
				return err
			}
			p, err := f.newPatch(ctx, d, reader)
			if err != nil {
				return inPack(r.desc, atFrame(d.frameJob, err))
			}
			group.Go(func() error { return inPack(r.desc, atFrame(d.frameJob, p.run(ctx))) })
		}
	}
	return nil
}

// patch is a delta and what it is coded against, in the buffer of a worker.
type patch struct {
	*fetcher
	delta
	worker *codec.Worker
	start  int // of what it is coded against, which ends at codec.MaxDeltaBase: there the delta begins
}

func (f *fetcher) newPatch(ctx context.Context, d delta, reader *localReader) (*patch, error) {
	w, err := f.codec.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	p := &patch{f, d, w, codec.MaxDeltaBase}
	for _, c := range d.base {
		p.start -= int(c.Size)
	}
	copy(w.Buffer()[codec.MaxDeltaBase:], d.coded)
	err = p.readBase(ctx, reader.chunk)
	if isLost(err) {
		err = p.mendBase(ctx)
	}
	if err != nil {
		w.Release()
		return nil, err
	}
	return p, nil
}

// readBase puts what the delta is coded against into the buffer.
func (p *patch) readBase(ctx context.Context, read func(context.Context, codec.Chunk) ([]byte, error)) error {
	to := p.worker.Buffer()[p.start:codec.MaxDeltaBase]
	for _, c := range p.base {
		chunk, err := read(ctx, c)
		if err != nil {
			return err
		}
		if len(chunk) != int(c.Size) {
			return fmt.Errorf("chunk %v: %w: %d bytes, not %d", c.ID, codec.ErrDamaged, len(chunk), c.Size)
		}
		to = to[copy(to, chunk):]
	}
	return nil
}

// mendBase verifies what the delta is coded against as it reads it again. What of it is damaged it fetches, as frames.
func (p *patch) mendBase(ctx context.Context) error {
	r := &chunkReader{p.newReader(), p.opts.Log, p.base, p.fetchFrames, nil}
	defer r.close()
	return p.readBase(ctx, r.chunk)
}

// run decodes the delta and stores the wanted chunks. It releases the worker.
func (p *patch) run(ctx context.Context) error {
	defer p.worker.Release()
	raw, err := p.raw(ctx)
	if errors.Is(err, codec.ErrDamaged) { // or what it is coded against is, which was not verified
		if err := p.mendBase(ctx); err != nil {
			return err
		}
		raw, err = p.raw(ctx)
	}
	if err == nil {
		raw = bytes.Clone(raw) // as the next call overwrites it
		p.arriving.put(raw, p.extents)
		err = p.keep(ctx, raw)
	}
	if err == nil {
		p.task.Add(int64(p.place.Size))
	}
	return err
}

// raw returns what the delta makes, which lies in the worker's output, after it verified the wanted chunks in them.
func (p *patch) raw(ctx context.Context) ([]byte, error) {
	return p.worker.Patch(ctx, p.start, codec.MaxDeltaBase-p.start, len(p.coded), int(p.place.Raw), p.extents)
}

// fetchFrames fetches those of chunks that are not at hand any more, as frames.
func (f *fetcher) fetchFrames(ctx context.Context, chunks []codec.Chunk) error {
	missing, err := f.missing(chunks)
	if err != nil {
		return err
	}
	planner := &planner{chunkedImage: f.image, missing: f.missing, noDelta: true}
	plan, err := planner.plan(missing)
	if err != nil {
		return err
	}
	if err := f.frames(ctx, plan.frames); err != nil {
		return err
	}
	return f.store.Flush(ctx)
}

// keep puts the wanted chunks of the raw bytes into the store, in frames.
func (p *patch) keep(ctx context.Context, raw []byte) error {
	w, extents := p.worker, p.extents
	for len(extents) > 0 {
		frame := w.Buffer()[:0]
		var held []codec.Extent
		for len(extents) > 0 && len(frame) < codec.FrameTarget {
			e := extents[0]
			extents = extents[1:]
			held = append(held, codec.Extent{Chunk: e.Chunk, Offset: uint32(len(frame))})
			frame = append(frame, raw[e.Offset:][:e.Size]...)
		}
		packed, err := w.Compress(ctx, len(frame), codec.MinLevel)
		if err != nil {
			return err
		}
		if err := p.store.Append(ctx, packed, held); err != nil {
			return err
		}
	}
	return nil
}
