package transfer

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// Output is where a pull writes the plain image.
type Output struct {
	remote.Target
	Reference remote.Reference
}

// Pull fetches what the store lacks of the chunked image desc and, if out is not nil, writes the plain image there: its
// manifest last, after everything that it leads to was verified.
func Pull(ctx context.Context, c *codec.Codec, s *store.Store, src remote.Source, desc ocispec.Descriptor, out *Output, opts Options) (*Result, error) {
	p, err := OpenImage(ctx, c, s, src, desc, opts)
	if err != nil {
		return nil, err
	}
	result := &Result{
		Digest: p.plain.root.Digest, ChunkedDigest: desc.Digest,
		RawBytes: p.plain.size(), ChunksTotal: len(p.chunks),
	}
	written, err := p.pull(ctx, out)
	if err != nil {
		return nil, err
	}
	result.count(p.fetched)
	result.Unchanged = !written && len(p.fetched) == 0
	return result, nil
}

// pull gets what the store lacks and writes the image to out, if there is one. It says whether there was something to write.
func (p *Image) pull(ctx context.Context, out *Output) (written bool, err error) {
	if out != nil && out.Reference.Transport != remote.TransportRegistry {
		return p.pullAtOnce(ctx, *out)
	}
	// A registry would lose patience with a blob that comes as slowly as its chunks are fetched.
	if err := p.fetchMissing(ctx, p.chunks); err != nil || out == nil {
		return false, err
	}
	return p.write(ctx, *out)
}

// pullAtOnce rebuilds the image at out while its chunks come.
func (p *Image) pullAtOnce(ctx context.Context, out Output) (written bool, err error) {
	p.fetching.Lock()
	missing, plan, err := p.planMissing(ctx, p.chunks)
	if err != nil {
		p.fetching.Unlock()
		return false, err
	}
	p.arriving = newArrivals(p.opts.Jobs)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer p.fetching.Unlock()
		err := p.fetchPlanned(ctx, missing, plan)
		if err == nil {
			p.arriving.end()
		}
		return err
	})
	group.Go(func() (err error) {
		written, err = p.write(ctx, out)
		return err
	})
	err = group.Wait()
	return written, err
}

// PlanPull says what a Pull would fetch. Only manifest, image document, recipes and index are read.
func PlanPull(ctx context.Context, c *codec.Codec, s *store.Store, src remote.Source, desc ocispec.Descriptor, opts Options) (*Plan, error) {
	p, err := OpenImage(ctx, c, s, src, desc, opts)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Digest: p.plain.root.Digest, RawBytes: p.plain.size(), ChunksTotal: len(p.chunks)}
	missing, fetching, err := p.planMissing(ctx, p.chunks)
	if err != nil {
		return nil, err
	}
	plan.ChunksNew = len(missing)
	for _, c := range missing {
		plan.NewBytes += int64(c.Size)
	}
	plan.FrameBytes, plan.FrameRequests = traffic(fetching.frames)
	plan.DeltaBytes, plan.DeltaRequests = traffic(fetching.deltas)
	return plan, nil
}

// count counts chunks that travelled.
func (r *Result) count(chunks []codec.Chunk) {
	r.ChunksNew += len(chunks)
	for _, c := range chunks {
		r.NewBytes += int64(c.Size)
	}
}
