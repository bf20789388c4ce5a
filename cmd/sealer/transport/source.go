package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Source is a chunked image that is open for reading. Its chunks come by way of a store of its own, which is removed at
// the end unless a transfer broke off: then the next one goes on from there.
type Source struct {
	ref    *Reference
	image  *sealift.Image
	store  string
	broken atomic.Bool
}

var _ types.ImageSource = (*Source)(nil)

// Open opens the image. sealift.ErrNotChunked says that it is a plain one.
func (r *Reference) Open(ctx context.Context, sys *types.SystemContext) (*Source, error) {
	o, err := r.options(ctx, sys)
	if err != nil {
		return nil, err
	}
	s := &Source{ref: r, store: r.scratch()}
	o.Store = s.store
	if s.image, err = sealift.Open(ctx, r.ref.String(), o); err == nil {
		return s, nil
	}
	if errors.Is(err, sealift.ErrNotChunked) {
		err = errors.Join(err, os.RemoveAll(s.store))
	}
	return nil, err
}

// Reference implements types.ImageSource.
func (s *Source) Reference() types.ImageReference { return s.ref }

// Root returns the digest of the manifest or index that the image has.
func (s *Source) Root() digest.Digest { return s.image.Root().Digest }

// Recipes returns the recipes of the image's layers. They can be written, too, when the source is closed.
func (s *Source) Recipes() []*recipe.Recipe { return s.image.Recipes() }

// AddUnpacked adds a layer that is unpacked in the directory dir, and whose recipe is in a file, to what chunks are
// taken from. Nothing may be read of the image meanwhile.
func (s *Source) AddUnpacked(ctx context.Context, dir, recipe string) error {
	return s.image.AddUnpacked(ctx, dir, recipe)
}

// Close implements types.ImageSource.
func (s *Source) Close() error {
	err := s.image.Close()
	if s.broken.Load() {
		return err
	}
	return errors.Join(err, os.RemoveAll(s.store))
}

// GetManifest implements types.ImageSource.
func (s *Source) GetManifest(ctx context.Context, instance *digest.Digest) ([]byte, string, error) {
	desc := s.image.Root()
	if instance != nil {
		desc = ocispec.Descriptor{Digest: *instance}
	}
	rc, err := s.image.Fetch(ctx, desc)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = rc.Close() }()
	data, err := io.ReadAll(io.LimitReader(rc, remote.MaxManifest+1))
	if err != nil {
		return nil, "", err
	}
	if desc.Digest.Algorithm().FromBytes(data) != desc.Digest {
		return nil, "", fmt.Errorf("manifest %s: %w", desc.Digest, sealift.ErrDamaged)
	}
	if instance != nil {
		desc.MediaType = manifest.GuessMIMEType(data)
	}
	return data, desc.MediaType, nil
}

// Prefetch gets what is needed of several blobs at once, so that nothing can break off later.
func (s *Source) Prefetch(ctx context.Context, blobs []ocispec.Descriptor) error {
	err := s.image.Prefetch(ctx, blobs...)
	if err != nil {
		s.broken.Store(true)
	}
	return err
}

// HasThreadSafeGetBlob implements types.ImageSource.
func (*Source) HasThreadSafeGetBlob() bool { return true }

// GetBlob implements types.ImageSource.
func (s *Source) GetBlob(
	ctx context.Context, info types.BlobInfo, _ types.BlobInfoCache,
) (io.ReadCloser, int64, error) {
	rc, err := s.image.Fetch(ctx, ocispec.Descriptor{MediaType: info.MediaType, Digest: info.Digest, Size: info.Size})
	if err != nil {
		s.broken.Store(true)
		return nil, 0, err
	}
	return &blob{rc, s, false}, info.Size, nil
}

// blob notes when it was not read to its end.
type blob struct {
	io.ReadCloser
	source *Source
	ended  bool
}

func (b *blob) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || errors.Is(err, io.EOF)
	return n, err
}

func (b *blob) Close() error {
	if !b.ended {
		b.source.broken.Store(true)
	}
	return b.ReadCloser.Close()
}

// GetSignatures implements types.ImageSource. There are none: no push takes any.
func (*Source) GetSignatures(context.Context, *digest.Digest) ([][]byte, error) { return nil, nil }

// LayerInfosForCopy implements types.ImageSource. The manifest says what there is.
func (*Source) LayerInfosForCopy(context.Context, *digest.Digest) ([]types.BlobInfo, error) {
	return nil, nil
}

// Once returns a reference for copy.Image to read from, and close, this open source.
func (s *Source) Once() types.ImageReference { return once{s.ref, s} }

type once struct {
	*Reference
	source *Source
}

func (o once) NewImageSource(context.Context, *types.SystemContext) (types.ImageSource, error) {
	return o.source, nil
}
