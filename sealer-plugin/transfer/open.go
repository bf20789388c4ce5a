package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// Image is the plain image that a chunked image stands for, as a storage to read from. Its methods may be called by
// several goroutines at once.
type Image struct {
	local
	src   remote.Source
	since []remote.Since // images that have what src leaves out of this one
	opts  Options

	image  *chunkedImage
	ahead  inlineBlobs   // its index, if that was read already
	plain  plainImage    // what is wanted of it
	chunks []codec.Chunk // distinct ones, of what is wanted

	keepAll    bool      // of frames that are fetched, also the chunks that nobody asked for
	unreadable sync.Once // says so, of a base

	fetching sync.Mutex    // so that what several blobs lack is fetched once
	fetched  []codec.Chunk // so far
	arriving *arrivals     // what is being fetched while blobs are rebuilt; nil if nothing is
}

var _ content.ReadOnlyStorage = (*Image)(nil)

// OpenImage opens the chunked image desc of src: it reads manifest, image document and recipes, from the store where an
// earlier pull left them. ErrNotChunked says that desc is a plain image.
func OpenImage(ctx context.Context, c *codec.Codec, s *store.Store, src remote.Source, desc ocispec.Descriptor, opts Options) (*Image, error) {
	p := &Image{local: local{c, s, opts.Unpacked}, src: src, opts: opts.withDefaults()}
	if err := p.load(ctx, storeCache{s, src}, desc); err != nil {
		return nil, err
	}
	var err error
	if p.plain, err = documentImage(p.image.Document, opts.Platform); err != nil {
		return nil, err
	}
	var distinct distinctChunks
	for _, b := range p.plain.blobs {
		distinct.add(p.chunksOf(b))
	}
	p.chunks = distinct.list
	return p, nil
}

// load reads the manifest and then, at once, what it names and is small: it is the waiting that counts.
func (p *Image) load(ctx context.Context, small storeCache, desc ocispec.Descriptor) error {
	seen := small.has(desc)
	img, err := remote.LoadManifest(ctx, small, desc)
	if err != nil {
		return err
	}
	var recipes []*recipe.Recipe
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return img.LoadDocument(gctx, small) })
	group.Go(func() (err error) {
		recipes, err = readRecipes(gctx, p.codec, small, img.Recipes, p.opts.Jobs)
		return err
	})
	group.Go(func() (err error) {
		p.since, err = p.src.Since(gctx, desc.Digest)
		return err
	})
	if !seen { // it probably has chunks that are to be fetched
		group.Go(func() error {
			p.ahead = readAhead(gctx, p.src, img.Index)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	p.image, err = withRecipes(img, recipes)
	return err
}

// readAhead returns an index that may be needed; nothing if it cannot be read, which need not matter.
func readAhead(ctx context.Context, src content.Fetcher, index ocispec.Descriptor) inlineBlobs {
	data, err := remote.FetchSmall(ctx, src, index, maxIndex)
	if err != nil {
		return nil
	}
	return inlineBlobs{{Digest: index.Digest, Data: data}}
}

// Root returns the descriptor of the plain image, a manifest or an index.
func (p *Image) Root() ocispec.Descriptor { return p.plain.root }

// Exists implements content.ReadOnlyStorage.
func (p *Image) Exists(_ context.Context, desc ocispec.Descriptor) (bool, error) {
	_, err := p.find(desc)
	return err == nil, nil
}

// Fetch implements content.Fetcher. It gets the chunks of the blob that the store lacks, and returns a reader of the blob
// as it is rebuilt from them. What was read is the blob only if the reader ends with io.EOF. Where local data turns
// out to be damaged, what is lost is fetched again.
func (p *Image) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	b, err := p.find(desc)
	if err != nil {
		return nil, err
	}
	if b.Inline() {
		return io.NopCloser(bytes.NewReader(b.Data)), nil
	}
	if err := p.fetchMissing(ctx, p.chunksOf(b)); err != nil {
		return nil, err
	}
	return p.rebuild(ctx, b), nil
}

// Recipes returns the recipes that blobs of the image are rebuilt by: all but the small ones have one.
func (p *Image) Recipes() []*recipe.Recipe {
	var recipes []*recipe.Recipe
	for _, b := range p.plain.blobs {
		if !b.Inline() {
			recipes = append(recipes, p.image.recipes[b.Recipe])
		}
	}
	return recipes
}

// Prefetch gets what the store lacks of several blobs at once. A Fetch of one of them then needs nothing from afar.
func (p *Image) Prefetch(ctx context.Context, blobs ...ocispec.Descriptor) error {
	var wanted distinctChunks
	for _, desc := range blobs {
		b, err := p.find(desc)
		if err != nil {
			return err
		}
		wanted.add(p.chunksOf(b))
	}
	return p.fetchMissing(ctx, wanted.list)
}

func (p *Image) find(desc ocispec.Descriptor) (remote.Blob, error) {
	at := slices.IndexFunc(p.plain.blobs, func(b remote.Blob) bool { return b.Digest == desc.Digest })
	if at < 0 {
		return remote.Blob{}, fmt.Errorf("%s: %w in the image", desc.Digest, remote.ErrNotFound)
	}
	return p.plain.blobs[at], nil
}

// chunksOf returns what a blob is rebuilt from; nothing if it is inline.
func (p *Image) chunksOf(b remote.Blob) []codec.Chunk {
	if b.Inline() {
		return nil
	}
	return p.image.recipes[b.Recipe].Chunks
}

// fetchMissing gets those of chunks that are not at hand into the store.
func (p *Image) fetchMissing(ctx context.Context, chunks []codec.Chunk) error {
	p.fetching.Lock()
	defer p.fetching.Unlock()
	missing, plan, err := p.planMissing(ctx, chunks)
	if err != nil {
		return err
	}
	return p.fetchPlanned(ctx, missing, plan)
}

// fetchPlanned gets chunks that are not at hand into the store, as was planned. The caller has locked p.fetching.
func (p *Image) fetchPlanned(ctx context.Context, missing []codec.Chunk, plan fetchPlan) error {
	if len(missing) == 0 {
		return nil
	}
	err := p.fetch(ctx, plan)
	// Also what came before a failure, or an interruption, is kept for the next run.
	if flushed := p.store.Flush(context.WithoutCancel(ctx)); err == nil {
		err = flushed
	}
	p.fetched = append(p.fetched, missing...)
	return err
}

// read puts chunks, one behind the other, into data. It fetches those that are not at hand.
func (p *Image) read(ctx context.Context, chunks []codec.Chunk, data []byte) error {
	if err := p.fetchMissing(ctx, chunks); err != nil {
		return err
	}
	r := p.newChunkReader(chunks)
	defer r.close()
	for _, c := range chunks {
		chunk, err := r.chunk(ctx, c)
		if err != nil {
			return err
		}
		data = data[copy(data, chunk):]
	}
	return nil
}

// storeCache reads small blobs from the store; those that it lacks it gets from the source, and keeps.
type storeCache struct {
	store *store.Store
	src   remote.Source
}

// has says whether the store has an intact blob.
func (s storeCache) has(desc ocispec.Descriptor) bool {
	f, err := s.store.Blob(desc)
	if err != nil {
		return false
	}
	_ = f.Close() // only read
	return true
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
