package transfer

import (
	"context"
	"io"
	"sync"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// deltasFirst is a source that gives out frames once deltas were asked for.
type deltasFirst struct {
	remote.Source
	once  *sync.Once
	asked chan struct{}
}

func (s deltasFirst) FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	if isDeltas(desc) {
		s.once.Do(func() { close(s.asked) })
	}
	select {
	case <-s.asked:
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	return s.Source.FetchRange(ctx, desc, offset, length)
}

// TestDeltasAreFetchedBesideFrames pulls an image of deltas and of the frames that they are coded against, into an empty store.
func TestDeltasAreFetchedBesideFrames(t *testing.T) {
	b, src := newBench(t), newImages(t)
	roots, _ := b.series(src, 2, b.withDeltas(t.TempDir()))
	s := b.store(t.TempDir())
	source := deltasFirst{b.target, new(sync.Once), make(chan struct{})}
	if _, err := Pull(t.Context(), b.codec, s, source, b.resolve("v2"), nil, Options{Jobs: 2}); err != nil {
		t.Fatal(err)
	}
	r, out := b.pull(s, "v2", Options{})
	if r.ChunksNew != 0 {
		t.Errorf("%d chunks were lacking after the pull", r.ChunksNew)
	}
	sameImage(t, roots[1], src, out)
}
