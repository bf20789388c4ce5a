package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

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

// pull is one pull under way.
type pull struct {
	codec *codec.Codec
	store *store.Store
	src   remote.Source
	opts  Options

	image  *chunkedImage
	plain  plainImage     // what is wanted of it
	chunks distinctChunks // of what is wanted
}

// Pull fetches what the store lacks of the chunked image desc and, if out is not nil, writes the plain image there: its
// manifest last, after everything that it leads to was verified.
func Pull(ctx context.Context, c *codec.Codec, s *store.Store, src remote.Source, desc ocispec.Descriptor, out *Output, opts Options) (*Result, error) {
	p := &pull{codec: c, store: s, src: src, opts: opts.withDefaults()}
	if err := p.load(ctx, desc); err != nil {
		return nil, err
	}
	result := &Result{
		Digest: p.plain.root.Digest, ChunkedDigest: desc.Digest,
		RawBytes: p.plain.size(), ChunksTotal: len(p.chunks.list), Unchanged: true,
	}
	fetched, err := p.fetchMissing(ctx)
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
		if fetched, err = p.fetchMissing(ctx); err != nil {
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

// load reads manifest, image document and recipes: from the store, where an earlier pull left them, else from the source.
func (p *pull) load(ctx context.Context, desc ocispec.Descriptor) error {
	small := storeCache{p.store, p.src}
	img, err := remote.LoadImage(ctx, small, desc)
	if err != nil {
		return err
	}
	if p.image, err = openRecipes(ctx, p.codec, small, img, p.opts.Jobs); err != nil {
		return err
	}
	p.plain, err = documentImage(img.Document, p.opts.Platform)
	if err != nil {
		return err
	}
	for _, b := range p.plain.blobs {
		if !b.Inline() {
			p.chunks.add(p.image.recipes[b.Recipe].Chunks)
		}
	}
	return nil
}

// fetchMissing gets the chunks that the store lacks into the store, and returns them.
func (p *pull) fetchMissing(ctx context.Context) ([]codec.Chunk, error) {
	missing, err := p.store.Missing(p.chunks.list)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	if err := p.image.loadIndex(ctx, p.codec, p.src); err != nil {
		return nil, err
	}
	jobs := planFetch(p.image, missing)
	err = fetch(ctx, p.codec, p.src, p.store, jobs, p.opts)
	// Also what came before a failure, or an interruption, is kept for the next run.
	if flushed := p.store.Flush(context.WithoutCancel(ctx)); err == nil {
		err = flushed
	}
	return missing, err
}

// storeCache reads small blobs from the store; those that it lacks it gets from the source, and keeps.
type storeCache struct {
	store *store.Store
	src   remote.Source
}

func (s storeCache) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if f, err := s.store.Blob(desc); err == nil {
		return f, nil
	}
	rc, err := s.src.Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rc.Close() }()
	if err := s.store.PutBlob(ctx, desc, rc); err != nil {
		return nil, fmt.Errorf("keep %s in the store: %w", desc.Digest, err)
	}
	return s.store.Blob(desc)
}
