package transfer

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// prepare brings an image into chunked form in a layout of its own.
func (b *bench) prepare(src images, root ocispec.Descriptor) *Base {
	b.t.Helper()
	ref := remote.Reference{Transport: remote.TransportOCI, Path: b.t.TempDir(), Tag: "prepared"}
	target := b.layout(ref.Path)
	if _, err := Push(b.t.Context(), b.codec, src, root, Destination{Target: target, Reference: ref}, Options{}); err != nil {
		b.t.Fatal(err)
	}
	return &Base{Source: target, Reference: ref}
}

// layersRead counts the layers that are read from a storage.
type layersRead struct {
	content.ReadOnlyStorage
	count int
}

func (l *layersRead) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if desc.MediaType == ocispec.MediaTypeImageLayer {
		l.count++
	}
	return l.ReadOnlyStorage.Fetch(ctx, desc)
}

func TestPushOfWhatWasPrepared(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	v2 := src.image(tarLayer(tarOf(t, 2, release(2)...)))

	source := &layersRead{ReadOnlyStorage: src}
	push := func(root ocispec.Descriptor, tag string, prepared *Base) *Result {
		t.Helper()
		r, err := Push(t.Context(), b.codec, source, root, b.destination(tag), Options{Prepared: prepared})
		if err != nil {
			t.Fatal(err)
		}
		_, out := b.pull(b.store(t.TempDir()), tag, Options{})
		sameImage(t, root, src, out)
		return r
	}
	r := push(v1, "v1", b.prepare(src, v1))
	if r.ChunksNew != r.ChunksTotal || r.NewBytes < 4<<20 {
		t.Errorf("%d new bytes, %d chunks of %d; want all", r.NewBytes, r.ChunksNew, r.ChunksTotal)
	}
	if source.count > 0 {
		t.Error("a layer was read though it was prepared")
	}

	// Of this pack the destination has most, so only what is new is packed.
	if r := push(v2, "v2", b.prepare(src, v2)); r.NewBytes != 1<<20 {
		t.Errorf("%d new bytes, want those of the changed file, %d", r.NewBytes, 1<<20)
	}
}

// TestPreparedIsOfNoUse pushes where what was prepared is not there, is damaged or is another image.
func TestPreparedIsOfNoUse(t *testing.T) {
	b, src := newBench(t), newImages(t)
	v1 := src.image(tarLayer(tarOf(t, 1, release(1)...)))
	v2 := src.image(tarLayer(tarOf(t, 2, release(2)...)))
	absent, damaged, other := b.prepare(src, v1), b.prepare(src, v1), b.prepare(src, v2)
	absent.Reference.Tag = "absent"
	img, err := resolveImage(t.Context(), damaged.Source, "prepared")
	if err != nil {
		t.Fatal(err)
	}
	blob := fmt.Sprintf("%s/blobs/sha256/%s", damaged.Reference.Path, img.Index.Digest.Encoded())
	if err := os.WriteFile(blob, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	for tag, prepared := range map[string]*Base{"absent": absent, "damaged": damaged, "other": other} {
		t.Run(tag, func(t *testing.T) {
			b := newBench(t)
			b.push(src, v1, tag, Options{Prepared: prepared})
			_, out := b.pull(b.store(t.TempDir()), tag, Options{})
			sameImage(t, v1, src, out)
		})
	}
}
