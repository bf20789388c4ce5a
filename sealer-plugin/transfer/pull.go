package transfer

import (
	"context"
	"errors"

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
		RawBytes: p.plain.size(), ChunksTotal: len(p.chunks), Unchanged: true,
	}
	fetched, err := p.fetchMissing(ctx, p.chunks)
	if err != nil {
		return nil, err
	}
	result.count(fetched)
	if out == nil {
		return result, nil
	}
	written, err := p.write(ctx, *out)
	if damage := (*storeDamage)(nil); errors.As(err, &damage) {
		p.opts.Log.Warn("the local store is damaged: what is lost is fetched again", "reason", err)
		if fetched, err = p.fetchMissing(ctx, p.chunks); err != nil {
			return nil, err
		}
		result.count(fetched)
		written, err = p.write(ctx, *out)
	}
	if written {
		result.Unchanged = false
	}
	return result, err
}

func (r *Result) count(fetched []codec.Chunk) {
	r.ChunksNew += len(fetched)
	r.Unchanged = r.Unchanged && len(fetched) == 0
	for _, c := range fetched {
		r.NewBytes += int64(c.Size)
	}
}
