package transfer

import (
	"context"
	"maps"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
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

// planner decides where chunks are fetched from. Where one is in a delta besides its frame, it takes the delta if that is
// smaller than what of the frames it saves, and everything that it is coded against is at hand.
type planner struct {
	*chunkedImage
	missing func([]codec.Chunk) ([]codec.Chunk, error) // returns those that are not at hand
	noDelta bool                                       // leaves alone the deltas that are besides frames
	keepAll bool                                       // wants all that is in a frame, if anything

	wanted map[codec.ID]bool
	at     []pack.Location // where the numbered chunks are fetched from
}

// planMissing returns those of chunks that are not at hand, and what has to be fetched for them, which is there to be fetched.
func (p *Image) planMissing(ctx context.Context, chunks []codec.Chunk) ([]codec.Chunk, fetchPlan, error) {
	missing, err := p.missing(chunks)
	if err != nil || len(missing) == 0 {
		return nil, fetchPlan{}, err
	}
	plan, err := p.plan(ctx, missing)
	if err == nil {
		err = p.checkSource(ctx, plan)
	}
	return missing, plan, err
}

// plan finds what has to be fetched for chunks that are not at hand.
func (p *Image) plan(ctx context.Context, missing []codec.Chunk) (fetchPlan, error) {
	if p.image.index == nil {
		src := content.Fetcher(p.src)
		if len(p.ahead) > 0 {
			src = p.ahead
		}
		if err := p.image.loadIndex(ctx, p.codec, src); err != nil {
			return fetchPlan{}, err
		}
	}
	planner := &planner{chunkedImage: p.image, missing: p.missing, noDelta: p.opts.NoDelta, keepAll: p.keepAll}
	return planner.plan(missing)
}

func (p *planner) plan(chunks []codec.Chunk) (fetchPlan, error) {
	p.at = slices.Clone(p.index.Locations)
	p.wanted = make(map[codec.ID]bool, len(chunks))
	p.want(chunks)
	if !p.noDelta {
		if err := p.chooseDeltas(); err != nil {
			return fetchPlan{}, err
		}
	}
	bases, err := p.missing(p.bases())
	if err != nil {
		return fetchPlan{}, err
	}
	p.want(bases)
	if p.keepAll {
		mates, err := p.missing(p.mates())
		if err != nil {
			return fetchPlan{}, err
		}
		p.want(mates)
	}
	return p.jobs(), nil
}

// shares returns what each of the wanted chunks takes in the frame that it is fetched from.
func (p *planner) shares() map[codec.ID]int64 {
	shares := make(map[codec.ID]int64, len(p.wanted))
	for i, c := range p.numbered {
		if p.wanted[c.ID] {
			shares[c.ID] = shareOf(c, p.index.Frames[p.at[i].Frame])
		}
	}
	return shares
}

func (p *planner) want(chunks []codec.Chunk) {
	for _, c := range chunks {
		p.wanted[c.ID] = true
	}
}

// chooseDeltas has wanted chunks fetched from deltas where that is cheaper.
func (p *planner) chooseDeltas() error {
	offers := make(map[int][]pack.Alternate) // by the delta
	saved := make(map[int]int64)             // likewise, bytes of frames
	for _, a := range p.index.Alternates {
		if c := p.numbered[a.Chunk]; p.wanted[c.ID] {
			offers[a.Frame] = append(offers[a.Frame], a)
			saved[a.Frame] += shareOf(c, p.index.Frames[p.at[a.Chunk].Frame])
		}
	}
	for _, i := range slices.Sorted(maps.Keys(offers)) {
		delta := p.index.Frames[i]
		if int64(delta.Size) >= saved[i] {
			continue
		}
		if lacking, err := p.missing(p.baseOf(delta)); err != nil {
			return err
		} else if len(lacking) > 0 {
			continue
		}
		for _, a := range offers[i] {
			p.at[a.Chunk] = a.Location
		}
	}
	return nil
}

// bases returns what the deltas are coded against that hold wanted chunks.
func (p *planner) bases() []codec.Chunk {
	var bases distinctChunks
	for i, wanted := range p.frames() {
		if wanted {
			bases.add(p.baseOf(p.index.Frames[i]))
		}
	}
	return bases.list
}

// mates returns all chunks of the frames in which wanted chunks lie.
func (p *planner) mates() []codec.Chunk {
	frames := p.frames()
	var mates []codec.Chunk
	for i, c := range p.numbered {
		if frames[p.at[i].Frame] {
			mates = append(mates, c)
		}
	}
	return mates
}

// frames says of each frame whether a wanted chunk lies there.
func (p *planner) frames() []bool {
	frames := make([]bool, len(p.index.Frames))
	for i, c := range p.numbered {
		if p.wanted[c.ID] {
			frames[p.at[i].Frame] = true
		}
	}
	return frames
}

// jobs puts the frames that hold wanted chunks together into ranges of neighbours.
func (p *planner) jobs() fetchPlan {
	extents := make([][]codec.Extent, len(p.index.Frames))
	for i, c := range p.numbered {
		if at := p.at[i]; p.wanted[c.ID] {
			extents[at.Frame] = append(extents[at.Frame], codec.Extent{Chunk: c, Offset: at.Offset})
		}
	}
	var plan fetchPlan
	for i, place := range p.index.Frames { // in order of pack and offset
		if len(extents[i]) == 0 {
			continue
		}
		desc := p.Packs[place.Pack]
		if job := (frameJob{place, p.baseOf(place), extents[i]}); job.base == nil {
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
