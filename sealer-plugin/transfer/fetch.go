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
)

// How frames become requests.
const (
	maxGap        = 64 << 10 // bytes that are fetched for nothing rather than asking twice
	maxRange      = 8 << 20  // bytes of one request, so that several run side by side
	maxDeltaRange = 1 << 20  // the same of deltas, which take longer to decode
	maxAttempts   = 5        // at a range that breaks off without a frame having come
)

// fetchPlan is what is to be fetched: zstd frames, and then deltas, which are coded against chunks that are at hand by then.
type fetchPlan struct {
	frames, deltas []packJob
}

// packJob is what is to be fetched of one pack: ranges of frames.
type packJob struct {
	desc   ocispec.Descriptor
	ranges [][]frameJob
}

// frameJob is a frame to fetch, and the chunks in it that are wanted.
type frameJob struct {
	place   pack.Place
	base    []codec.Chunk // of a delta
	extents []codec.Extent
}

func (f frameJob) end() int64 { return f.place.Offset + int64(f.place.Size) }

// traffic returns how many bytes jobs move, with how many requests.
func traffic(jobs []packJob) (bytes int64, requests int) {
	for _, j := range jobs {
		requests += len(j.ranges)
		for _, r := range j.ranges {
			bytes += r[len(r)-1].end() - r[0].place.Offset
		}
	}
	return bytes, requests
}

// plan finds what has to be fetched for chunks that are not at hand.
func (p *Image) plan(ctx context.Context, missing []codec.Chunk) (fetchPlan, error) {
	if p.image.index == nil {
		if err := p.image.loadIndex(ctx, p.codec, p.src); err != nil {
			return fetchPlan{}, err
		}
	}
	wanted := make(map[codec.ID]bool, len(missing))
	for _, c := range missing {
		wanted[c.ID] = true
	}
	bases, err := p.missing(p.image.basesOf(wanted))
	if err != nil {
		return fetchPlan{}, err
	}
	for _, c := range bases {
		wanted[c.ID] = true
	}
	if p.keepAll {
		mates, err := p.missing(p.image.framesOf(wanted))
		if err != nil {
			return fetchPlan{}, err
		}
		for _, c := range mates {
			wanted[c.ID] = true
		}
	}
	return planFetch(p.image, wanted), nil
}

// framesOf returns all chunks of the frames in which wanted chunks lie.
func (img *chunkedImage) framesOf(wanted map[codec.ID]bool) []codec.Chunk {
	frames := make([]bool, len(img.index.Frames))
	for i, c := range img.numbered {
		if wanted[c.ID] {
			frames[img.index.Locations[i].Frame] = true
		}
	}
	var all []codec.Chunk
	for i, c := range img.numbered {
		if frames[img.index.Locations[i].Frame] {
			all = append(all, c)
		}
	}
	return all
}

// basesOf returns what the deltas are coded against that hold wanted chunks.
func (img *chunkedImage) basesOf(wanted map[codec.ID]bool) []codec.Chunk {
	var bases distinctChunks
	seen := make(map[int]bool)
	for i, c := range img.numbered {
		if at := img.index.Locations[i]; wanted[c.ID] && !seen[at.Frame] {
			seen[at.Frame] = true
			bases.add(img.baseOf(img.index.Frames[at.Frame]))
		}
	}
	return bases.list
}

// planFetch finds the frames that hold the wanted chunks, and puts neighbours together into ranges.
func planFetch(img *chunkedImage, wanted map[codec.ID]bool) fetchPlan {
	extents := make([][]codec.Extent, len(img.index.Frames))
	for i, c := range img.numbered {
		if at := img.index.Locations[i]; wanted[c.ID] {
			extents[at.Frame] = append(extents[at.Frame], codec.Extent{Chunk: c, Offset: at.Offset})
		}
	}
	var plan fetchPlan
	for i, place := range img.index.Frames { // in order of pack and offset
		if len(extents[i]) == 0 {
			continue
		}
		desc := img.Packs[place.Pack]
		if job := (frameJob{place, img.baseOf(place), extents[i]}); job.base == nil {
			plan.frames = addJob(plan.frames, desc, job, maxRange)
		} else {
			plan.deltas = addJob(plan.deltas, desc, job, maxDeltaRange)
		}
	}
	return plan
}

// addJob adds a frame of a pack, which none of a later pack came before. A range grows up to limit bytes.
func addJob(jobs []packJob, desc ocispec.Descriptor, f frameJob, limit int64) []packJob {
	if n := len(jobs); n == 0 || jobs[n-1].desc.Digest != desc.Digest {
		jobs = append(jobs, packJob{desc: desc})
	}
	j := &jobs[len(jobs)-1]
	if n := len(j.ranges); n > 0 {
		last := j.ranges[n-1]
		gap := f.place.Offset - last[len(last)-1].end()
		if gap <= maxGap && f.end()-last[0].place.Offset <= limit {
			j.ranges[n-1] = append(last, f)
			return jobs
		}
	}
	j.ranges = append(j.ranges, []frameJob{f})
	return jobs
}

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
	if job.base != nil {
		return f.delta(ctx, w, r, job)
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
