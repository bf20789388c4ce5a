package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
	"oras.land/oras-go/v2"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/store"
)

// Verify reads all of the image desc, chunked or plain, and checks every digest, every chunk, and that every blob can be
// rebuilt. It needs temporary space for the compressed chunks. Damage is an error that wraps codec.ErrDamaged and names what is damaged.
// Of an image that a file leaves out parts of, it checks what the file has.
func Verify(ctx context.Context, c *codec.Codec, src remote.Source, desc ocispec.Descriptor, opts Options) (*Verification, error) {
	opts = opts.withDefaults()
	img, err := remote.LoadImage(ctx, src, desc)
	if errors.Is(err, remote.ErrNotChunked) {
		return verifyPlain(ctx, src, desc, opts)
	}
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sealift-verify-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()

	p := &Image{local: local{codec: c, store: s}, src: wholePacks{src}, opts: opts}
	if p.image, err = openRecipes(ctx, c, src, img, opts.Jobs); err != nil {
		return nil, err
	}
	v := &Verification{Digest: img.Document.Root.Digest}
	if v.Since, err = src.Since(ctx, desc.Digest); err != nil {
		return nil, err
	}
	return v, p.verify(ctx, v)
}

// verify fetches all packs whole into the temporary store, and rebuilds all blobs from it.
func (p *Image) verify(ctx context.Context, v *Verification) error {
	if err := p.image.loadIndex(ctx, p.codec, p.src); err != nil {
		return err
	}
	plan, err := p.plan(ctx, p.image.numbered)
	if err != nil {
		return err
	}
	v.Packs = len(p.image.Packs)
	for _, plan := range []fetchPlan{plan, alternates(p.image)} {
		if len(v.Since) > 0 {
			if plan, v.Packs, err = p.present(ctx, plan); err != nil {
				return err
			}
		}
		if err := p.fetchWhole(ctx, plan); err != nil {
			return err
		}
	}
	if err := p.store.Flush(ctx); err != nil {
		return err
	}
	blobs, err := p.rebuildable(v)
	if err != nil {
		return err
	}
	v.Blobs, v.RawBytes = len(blobs), remote.Document{Blobs: blobs}.RawBytes()
	return p.rebuildAll(ctx, blobs, v.RawBytes)
}

func (p *Image) rebuildAll(ctx context.Context, blobs []remote.Blob, size int64) error {
	task := p.opts.Progress.Begin("rebuild", size)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.opts.Jobs)
	for _, b := range blobs {
		if b.Inline() {
			continue // LoadImage verified it
		}
		group.Go(func() error {
			blob := p.rebuild(ctx, b)
			if _, err := io.Copy(io.Discard, &taskReader{blob, task}); err != nil {
				return fmt.Errorf("blob %s: %w", b.Digest, err)
			}
			return nil
		})
	}
	err := group.Wait()
	task.End(err)
	return err
}

// fetchWhole does what was planned with one request for the whole of each pack.
func (p *Image) fetchWhole(ctx context.Context, plan fetchPlan) error {
	for _, jobs := range [][]packJob{plan.frames, plan.deltas} {
		for i, j := range jobs {
			jobs[i].ranges = [][]frameJob{slices.Concat(j.ranges...)}
		}
	}
	return p.fetch(ctx, plan)
}

// alternates returns all deltas that there are besides frames.
func alternates(img *chunkedImage) fetchPlan {
	p := &planner{chunkedImage: img, wanted: make(map[codec.ID]bool), at: slices.Clone(img.index.Locations)}
	for _, a := range img.index.Alternates {
		p.wanted[img.numbered[a.Chunk].ID] = true
		p.at[a.Chunk] = a.Location
	}
	return p.jobs()
}

// rebuildable returns the blobs of which all chunks must be at hand, and counts these.
func (p *Image) rebuildable(v *Verification) (blobs []remote.Blob, err error) {
	v.Chunks = len(p.image.chunks)
	if len(v.Since) == 0 {
		return p.image.Document.Blobs, nil
	}
	missing, err := p.missing(p.image.chunks)
	if err != nil {
		return nil, err
	}
	v.Chunks -= len(missing)
	lacks := make(map[codec.ID]bool)
	for _, c := range missing {
		lacks[c.ID] = true
	}
	for _, b := range p.image.Document.Blobs {
		if !slices.ContainsFunc(p.chunksOf(b), func(c codec.Chunk) bool { return lacks[c.ID] }) {
			blobs = append(blobs, b)
		}
	}
	return blobs, nil
}

// wholePacks is a source that fetches a pack whole and verifies all of it, whichever range is asked for.
type wholePacks struct{ remote.Source }

func (s wholePacks) FetchRange(ctx context.Context, desc ocispec.Descriptor, _, _ int64) (io.ReadCloser, int64, error) {
	rc, err := s.Fetch(ctx, desc)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rc.Close() }()
	file, err := newSpool()
	if err != nil {
		return nil, 0, err
	}
	_, err = io.Copy(file, rc)
	if err == nil && desc.MediaType == remote.MediaTypePack {
		_, err = pack.ReadIndex(file.file, file.size)
	}
	if err == nil && file.descriptor(desc.MediaType).Digest != desc.Digest {
		err = codec.ErrDamaged
	}
	if err != nil {
		file.discard()
		return nil, 0, err
	}
	return spoolReader{io.NewSectionReader(file.file, 0, file.size), file}, 0, nil
}

type spoolReader struct {
	io.Reader
	spool *spool
}

func (r spoolReader) Close() error {
	r.spool.discard()
	return nil
}

func verifyPlain(ctx context.Context, src remote.Source, desc ocispec.Descriptor, opts Options) (*Verification, error) {
	task := opts.Progress.Begin("read", -1)
	sink := &countingSink{}
	err := oras.CopyGraph(ctx, taskStorage{src, task}, sink, desc, graphOptions(opts))
	task.End(err)
	if err != nil {
		return nil, err
	}
	return &Verification{Digest: desc.Digest, Blobs: int(sink.blobs.Load()), RawBytes: sink.bytes.Load()}, nil
}
