package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// haltingSource answers the second range that it is asked for, and all further ones, once the destination has begun to write.
type haltingSource struct {
	remote.Source
	asked *sync.Once
	begun <-chan struct{}
}

func (s haltingSource) FetchRange(ctx context.Context, desc ocispec.Descriptor, offset, length int64) (io.ReadCloser, int64, error) {
	first := false
	s.asked.Do(func() { first = true })
	if !first {
		select {
		case <-s.begun:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
	}
	return s.Source.FetchRange(ctx, desc, offset, length)
}

// watchedTarget closes begun when it has a MiB of a blob.
type watchedTarget struct {
	remote.Target
	begun chan struct{}
}

func (w watchedTarget) Push(ctx context.Context, desc ocispec.Descriptor, r io.Reader) error {
	if desc.Size < 2<<20 {
		return w.Target.Push(ctx, desc, r)
	}
	begin := make([]byte, 1<<20)
	if _, err := io.ReadFull(r, begin); err != nil {
		return err
	}
	close(w.begun)
	return w.Target.Push(ctx, desc, io.MultiReader(bytes.NewReader(begin), r))
}

// TestPullWritesWhatHasCome has a source that gives the rest of an image only when its beginning was written.
func TestPullWritesWhatHasCome(t *testing.T) {
	b, src := newBench(t), newImages(t)
	root := src.image(tarLayer(tarOf(t, 1, file{"big", 1, 20 << 20})))
	b.push(src, root, "v1", Options{})
	ref := remote.Reference{Transport: remote.TransportOCI, Path: t.TempDir(), Tag: "v1"}
	target := watchedTarget{b.layout(ref.Path), make(chan struct{})}
	out := Output{target, ref}
	halting := haltingSource{b.target, new(sync.Once), target.begun}
	if _, err := Pull(t.Context(), b.codec, b.store(t.TempDir()), halting, b.resolve("v1"), &out, Options{}); err != nil {
		t.Fatal(err)
	}
	sameImage(t, root, src, out)
}

// fullTarget takes no blobs.
type fullTarget struct{ remote.Target }

var errFull = errors.New("no space left")

func (fullTarget) Push(context.Context, ocispec.Descriptor, io.Reader) error { return errFull }

// TestPullEndsWhereNothingCanBeWritten has a destination that fails while the image is being fetched.
func TestPullEndsWhereNothingCanBeWritten(t *testing.T) {
	b, src := newBench(t), newImages(t)
	b.push(src, src.image(tarLayer(tarOf(t, 1, file{"big", 1, 20 << 20}))), "v1", Options{})
	ref := remote.Reference{Transport: remote.TransportOCI, Path: t.TempDir(), Tag: "v1"}
	out := Output{fullTarget{b.layout(ref.Path)}, ref}
	halting := haltingSource{b.target, new(sync.Once), make(chan struct{})}
	_, err := Pull(t.Context(), b.codec, b.store(t.TempDir()), halting, b.resolve("v1"), &out, Options{})
	if !errors.Is(err, errFull) {
		t.Errorf("error %v, want why nothing could be written", err)
	}
}

func TestArrivals(t *testing.T) {
	a := newArrivals(1)
	chunk := func(n byte) []codec.Extent {
		return []codec.Extent{{Chunk: codec.Chunk{ID: codec.ID{n}, Size: 10}, Offset: 5}}
	}
	_, more := a.look(codec.ID{1})
	raw := bytes.Repeat([]byte{7}, recentPerJob)
	a.put(raw, chunk(1))
	<-more
	if data, _ := a.look(codec.ID{1}); !bytes.Equal(data, bytes.Repeat([]byte{7}, 10)) {
		t.Errorf("the chunk that was put is %v", data)
	}
	a.put(raw, chunk(2))
	a.put(raw, chunk(3))
	for n, want := range []bool{1: false, 2: true, 3: true} {
		if data, _ := a.look(codec.ID{byte(n)}); (data != nil) != want {
			t.Errorf("chunk %d: %v, want it at hand: %v", n, data, want)
		}
	}
	_, more = a.look(codec.ID{9})
	a.end()
	<-more
	a.put(raw, chunk(4))
	if _, more := a.look(codec.ID{9}); more != nil {
		t.Error("there is something to wait for after the end")
	}
}
