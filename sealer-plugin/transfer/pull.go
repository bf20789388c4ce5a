package transfer

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

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
	if err := p.fetchMissing(ctx, p.chunks); err != nil {
		return nil, err
	}
	written := false
	if out != nil {
		if written, err = p.write(ctx, *out); err != nil {
			return nil, err
		}
	}
	result.count(p.fetched)
	result.Unchanged = !written && len(p.fetched) == 0
	return result, nil
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
