package transfer

import (
	"context"
	"io"
	"sync"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// patientSource gives out blobs once so many were asked for.
type patientSource struct {
	remote.Source
	wanted *sync.WaitGroup
}

func (s patientSource) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if desc.MediaType != ocispec.MediaTypeImageManifest {
		s.wanted.Done()
		s.wanted.Wait()
	}
	return s.Source.Fetch(ctx, desc)
}

// TestPullAsksAtOnce has a source that answers only when image document, recipe and index were all asked for.
func TestPullAsksAtOnce(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.push(src, src.image(tarLayer(tarOf(t, 1, release(1)...))), "v1", Options{})
	patient := patientSource{b.target, new(sync.WaitGroup)}
	patient.wanted.Add(3)
	if _, err := Pull(t.Context(), b.codec, b.store(t.TempDir()), patient, b.resolve("v1"), nil, Options{Jobs: 2}); err != nil {
		t.Error(err)
	}
}
