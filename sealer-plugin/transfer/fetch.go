package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// How frames become requests.
const (
	maxGap        = 64 << 10  // bytes that are fetched for nothing rather than asking twice
	maxRange      = 8 << 20   // bytes of one request, so that several run side by side
	maxDeltaRange = 512 << 10 // the same of deltas: the sooner the first has come, the sooner there is work
	deltasAhead   = 8         // of a range, that are read before they can be decoded
	maxAttempts   = 5         // at a range that breaks off without a frame having come
)

// fetcher gets what was planned into the store.
type fetcher struct {
	*Image
	task Task
}

// fetch does what was planned.
func (p *Image) fetch(ctx context.Context, plan fetchPlan) error {
	total, _ := traffic(slices.Concat(plan.frames, plan.deltas))
	f := &fetcher{p, p.opts.Progress.Begin("fetch", total)}
	bases := plan.basesInFrames()
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := f.frames(gctx, plan.frames)
		if err == nil && len(bases.in) > 0 {
			err = p.store.Flush(gctx)
		}
		if err == nil {
			close(bases.ready)
		}
		return err
	})
	group.Go(func() error { return f.deltas(gctx, eachRange(plan.deltas), bases) })
	err := group.Wait()
	f.task.End(err)
	return err
}

// comingBases are chunks that deltas are coded against and that are themselves fetched first.
type comingBases struct {
	in    map[codec.ID]bool
	ready chan struct{} // closed when they can be read
}

// basesInFrames returns which chunks of the plan's frames its deltas are coded against.
func (plan fetchPlan) basesInFrames() comingBases {
	coming := comingBases{make(map[codec.ID]bool), make(chan struct{})}
	if len(plan.deltas) == 0 {
		return coming
	}
	fetched := make(map[codec.ID]bool)
	for f := range allFrames(plan.frames) {
		for _, e := range f.extents {
			fetched[e.ID] = true
		}
	}
	for f := range allFrames(plan.deltas) {
		for _, c := range f.base {
			if fetched[c.ID] {
				coming.in[c.ID] = true
			}
		}
	}
	return coming
}

// wait returns when none of the chunks is still to come.
func (b comingBases) wait(ctx context.Context, chunks []codec.Chunk) error {
	if !slices.ContainsFunc(chunks, func(c codec.Chunk) bool { return b.in[c.ID] }) {
		return nil
	}
	select {
	case <-b.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// allFrames iterates over the frames of jobs.
func allFrames(jobs []packJob) iter.Seq[frameJob] {
	return func(yield func(frameJob) bool) {
		for _, j := range jobs {
			for _, r := range j.ranges {
				for _, f := range r {
					if !yield(f) {
						return
					}
				}
			}
		}
	}
}

// eachRange makes each range a job of its own, for several to come at once.
func eachRange(jobs []packJob) []packJob {
	var each []packJob
	for _, j := range jobs {
		for _, r := range j.ranges {
			each = append(each, packJob{j.desc, [][]frameJob{r}})
		}
	}
	return each
}

// frames gets the zstd frames of jobs into the store, several packs at once.
func (f *fetcher) frames(ctx context.Context, jobs []packJob) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * f.opts.Jobs) // some wait for the network while others work
	for _, job := range jobs {
		group.Go(func() error {
			w, err := f.codec.Acquire(ctx)
			if err != nil {
				return err
			}
			defer w.Release()
			return f.pack(ctx, job, func(r io.Reader, frame frameJob) error { return f.frame(ctx, w, r, frame) })
		})
	}
	return group.Wait()
}

// frame reads a frame, verifies it and stores it.
func (f *fetcher) frame(ctx context.Context, w *codec.Worker, r io.Reader, job frameJob) error {
	packed := w.Buffer()[:job.place.Size]
	if _, err := io.ReadFull(r, packed); err != nil {
		return err
	}
	raw, err := w.Restore(ctx, len(packed), int(job.place.Raw), job.extents)
	if err != nil {
		return err
	}
	if f.arriving != nil {
		f.arriving.put(bytes.Clone(raw), job.extents)
	}
	if err := f.store.Append(ctx, packed, job.extents); err != nil {
		return err
	}
	f.task.Add(int64(job.place.Size))
	return nil
}

// pack asks for the ranges of a job and has take read each frame, in order.
func (f *fetcher) pack(ctx context.Context, job packJob, take func(io.Reader, frameJob) error) error {
	for ranges, attempt := job.ranges, 1; len(ranges) > 0; {
		done, err := f.request(ctx, job.desc, ranges, take)
		if done > 0 {
			attempt = 0
		}
		ranges = skipFrames(ranges, done)
		switch {
		case err == nil:
		case !errors.Is(err, remote.ErrInterrupted) || attempt == maxAttempts:
			return inPack(job.desc, err)
		}
		attempt++
	}
	return nil
}

// skipFrames drops the first n frames.
func skipFrames(ranges [][]frameJob, n int) [][]frameJob {
	for n > 0 {
		step := min(n, len(ranges[0]))
		n -= step
		rest := append([][]frameJob{ranges[0][step:]}, ranges[1:]...)
		if len(rest[0]) == 0 {
			rest = rest[1:]
		}
		ranges = rest
	}
	return ranges
}

// request asks for the first of the ranges and has take read its frames; where the remote answers with the whole pack,
// those of all ranges. It returns how many frames are done.
func (f *fetcher) request(
	ctx context.Context, desc ocispec.Descriptor, ranges [][]frameJob, take func(io.Reader, frameJob) error,
) (int, error) {
	first := ranges[0]
	from := first[0].place.Offset
	rc, start, err := f.src.FetchRange(ctx, desc, from, first[len(first)-1].end()-from)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rc.Close() }()
	frames := first
	if start == 0 && from > 0 {
		frames = slices.Concat(ranges...)
	}
	at := start
	for i, frame := range frames {
		_, err := io.CopyN(io.Discard, rc, frame.place.Offset-at)
		if err == nil {
			f.task.Add(frame.place.Offset - max(at, from))
			err = take(rc, frame)
		}
		if err != nil {
			return i, atFrame(frame, err)
		}
		at = frame.end()
	}
	return len(frames), nil
}

// inPack says which pack an error is about.
func inPack(desc ocispec.Descriptor, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pack %s: %w", desc.Digest, err)
}

// atFrame says which frame an error is about.
func atFrame(frame frameJob, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("frame at %d: %w", frame.place.Offset, err)
}
