package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// How frames become requests.
const (
	maxGap        = 64 << 10 // bytes that are fetched for nothing rather than asking twice
	maxRange      = 8 << 20  // bytes of one request, so that several run side by side
	maxDeltaRange = 1 << 20  // the same of deltas, which take longer to decode
	maxAttempts   = 5        // at a range that breaks off without a frame having come
)

// fetcher gets frames into the store.
type fetcher struct {
	*Image
	task Task
}

// fetch does what was planned.
func (p *Image) fetch(ctx context.Context, plan fetchPlan) error {
	total, _ := traffic(slices.Concat(plan.frames, plan.deltas))
	f := &fetcher{p, p.opts.Progress.Begin("fetch", total)}
	err := f.packs(ctx, plan.frames)
	if err == nil && len(plan.deltas) > 0 {
		err = p.store.Flush(ctx) // what deltas are coded against can be read from now on
	}
	if err == nil {
		err = f.packs(ctx, eachRange(plan.deltas))
	}
	f.task.End(err)
	return err
}

// eachRange makes each range a job of its own: of deltas a few bytes are much work, which is to be shared out.
func eachRange(jobs []packJob) []packJob {
	var each []packJob
	for _, j := range jobs {
		for _, r := range j.ranges {
			each = append(each, packJob{j.desc, [][]frameJob{r}})
		}
	}
	return each
}

// packs does the jobs, several at once.
func (f *fetcher) packs(ctx context.Context, jobs []packJob) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * f.opts.Jobs) // some wait for the network while others work
	for _, job := range jobs {
		group.Go(func() error {
			if err := f.pack(ctx, job); err != nil {
				return fmt.Errorf("pack %s: %w", job.desc.Digest, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// packFetcher gets the frames of one pack. It belongs to one goroutine.
type packFetcher struct {
	*fetcher
	desc   ocispec.Descriptor
	worker *codec.Worker
	bases  *localReader // of what deltas are coded against
}

func (f *fetcher) pack(ctx context.Context, job packJob) error {
	w, err := f.codec.Acquire(ctx)
	if err != nil {
		return err
	}
	defer w.Release()
	p := &packFetcher{f, job.desc, w, f.newReader()}
	defer p.bases.close()
	for ranges, attempt := job.ranges, 1; len(ranges) > 0; {
		done, err := p.request(ctx, ranges)
		if done > 0 {
			attempt = 0
		}
		ranges = skipFrames(ranges, done)
		switch {
		case err == nil:
		case !errors.Is(err, remote.ErrInterrupted) || attempt == maxAttempts:
			return err
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

// request asks for the first of the ranges and stores its frames; where the remote answers with the whole pack, those of
// all ranges. It returns how many frames are done.
func (f *packFetcher) request(ctx context.Context, ranges [][]frameJob) (int, error) {
	first := ranges[0]
	from := first[0].place.Offset
	rc, start, err := f.src.FetchRange(ctx, f.desc, from, first[len(first)-1].end()-from)
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
		if err := f.frame(ctx, rc, frame, frame.place.Offset-at); err != nil {
			return i, fmt.Errorf("frame at %d: %w", frame.place.Offset, err)
		}
		f.task.Add(frame.end() - max(at, from))
		at = frame.end()
	}
	return len(frames), nil
}

// frame reads a frame that comes after gap other bytes, verifies it and stores it.
func (f *packFetcher) frame(ctx context.Context, r io.Reader, job frameJob, gap int64) error {
	if _, err := io.CopyN(io.Discard, r, gap); err != nil {
		return err
	}
	if job.base != nil {
		return f.delta(ctx, r, job)
	}
	packed := f.worker.Buffer()[:job.place.Size]
	if _, err := io.ReadFull(r, packed); err != nil {
		return err
	}
	if _, err := f.worker.Restore(ctx, len(packed), int(job.place.Raw), job.extents); err != nil {
		return err
	}
	return f.store.Append(ctx, packed, job.extents)
}
