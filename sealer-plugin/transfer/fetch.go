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
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// How frames become requests.
const (
	maxGap      = 64 << 10 // bytes that are fetched for nothing rather than asking twice
	maxRange    = 8 << 20  // bytes of one request, so that several run side by side
	maxAttempts = 5        // at a range that breaks off without a frame having come
)

// packJob is what is to be fetched of one pack: ranges of frames.
type packJob struct {
	desc   ocispec.Descriptor
	ranges [][]frameJob
}

// frameJob is a frame to fetch, and the chunks in it that are wanted.
type frameJob struct {
	place   pack.Place
	extents []codec.Extent
}

func (f frameJob) end() int64 { return f.place.Offset + int64(f.place.Size) }

// planFetch finds the frames that hold the missing chunks, and puts neighbours together into ranges.
func planFetch(img *chunkedImage, missing []codec.Chunk) []packJob {
	wanted := make(map[codec.ID]bool, len(missing))
	for _, c := range missing {
		wanted[c.ID] = true
	}
	extents := make([][]codec.Extent, len(img.index.Frames))
	for i, c := range img.chunks {
		if at := img.index.Locations[i]; wanted[c.ID] {
			extents[at.Frame] = append(extents[at.Frame], codec.Extent{Chunk: c, Offset: at.Offset})
		}
	}
	jobs := make([]packJob, len(img.Packs))
	for i, place := range img.index.Frames { // in order of pack and offset
		if len(extents[i]) > 0 {
			jobs[place.Pack].desc = img.Packs[place.Pack]
			jobs[place.Pack].add(frameJob{place, extents[i]})
		}
	}
	return slices.DeleteFunc(jobs, func(j packJob) bool { return len(j.ranges) == 0 })
}

func (j *packJob) add(f frameJob) {
	if n := len(j.ranges); n > 0 {
		last := j.ranges[n-1]
		gap := f.place.Offset - last[len(last)-1].end()
		if gap <= maxGap && f.end()-last[0].place.Offset <= maxRange {
			j.ranges[n-1] = append(last, f)
			return
		}
	}
	j.ranges = append(j.ranges, []frameJob{f})
}

// fetcher gets frames into the store.
type fetcher struct {
	codec *codec.Codec
	src   remote.RangeFetcher
	store *store.Store
	task  Task
}

// fetch does the jobs, several packs at once.
func fetch(ctx context.Context, c *codec.Codec, src remote.RangeFetcher, s *store.Store, jobs []packJob, opts Options) error {
	var total int64
	for _, j := range jobs {
		for _, r := range j.ranges {
			total += r[len(r)-1].end() - r[0].place.Offset
		}
	}
	f := &fetcher{c, src, s, opts.Progress.Begin("fetch", total)}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * opts.Jobs) // some wait for the network while others work
	for _, job := range jobs {
		group.Go(func() error {
			if err := f.pack(ctx, job); err != nil {
				return fmt.Errorf("pack %s: %w", job.desc.Digest, err)
			}
			return nil
		})
	}
	err := group.Wait()
	f.task.End(err)
	return err
}

func (f *fetcher) pack(ctx context.Context, job packJob) error {
	w, err := f.codec.Acquire(ctx)
	if err != nil {
		return err
	}
	defer w.Release()
	for ranges, attempt := job.ranges, 1; len(ranges) > 0; {
		done, err := f.request(ctx, w, job.desc, ranges)
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
func (f *fetcher) request(ctx context.Context, w *codec.Worker, desc ocispec.Descriptor, ranges [][]frameJob) (int, error) {
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
		if err := f.frame(ctx, w, rc, frame, frame.place.Offset-at); err != nil {
			return i, fmt.Errorf("frame at %d: %w", frame.place.Offset, err)
		}
		f.task.Add(frame.end() - max(at, from))
		at = frame.end()
	}
	return len(frames), nil
}

// frame reads a frame that comes after gap other bytes, verifies it and stores it.
func (f *fetcher) frame(ctx context.Context, w *codec.Worker, r io.Reader, job frameJob, gap int64) error {
	if _, err := io.CopyN(io.Discard, r, gap); err != nil {
		return err
	}
	packed := w.Buffer()[:job.place.Size]
	if _, err := io.ReadFull(r, packed); err != nil {
		return err
	}
	if _, err := w.Restore(ctx, len(packed), int(job.place.Raw), job.extents); err != nil {
		return err
	}
	return f.store.Append(ctx, packed, job.extents)
}
