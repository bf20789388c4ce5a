package transfer

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// countingSink is a storage that verifies what is pushed to it, counts it and forgets it.
type countingSink struct {
	blobs, bytes atomic.Int64
}

var _ content.Storage = (*countingSink)(nil)

// Exists implements content.Storage: nothing does.
func (s *countingSink) Exists(context.Context, ocispec.Descriptor) (bool, error) { return false, nil }

// Fetch implements content.Storage: there is nothing.
func (s *countingSink) Fetch(_ context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	return nil, fmt.Errorf("%s: %w", desc.Digest, errdef.ErrNotFound)
}

// Push implements content.Storage.
func (s *countingSink) Push(_ context.Context, desc ocispec.Descriptor, r io.Reader) error {
	verified := content.NewVerifyReader(r, desc)
	n, err := io.Copy(io.Discard, verified)
	if err != nil {
		return fmt.Errorf("%s: %w", desc.Digest, err)
	}
	if err := verified.Verify(); err != nil {
		return fmt.Errorf("%s: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	s.blobs.Add(1)
	s.bytes.Add(n)
	return nil
}
