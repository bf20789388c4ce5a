package transfer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/unpacked"
)

// unpack unpacks the only layer of the image under tag, which consists of files, as a container engine does.
func (b *bench) unpack(tag string, files []file) (*unpacked.Layers, string) {
	b.t.Helper()
	ctx := b.t.Context()
	image, err := OpenImage(ctx, b.codec, b.store(b.t.TempDir()), b.target, b.resolve(tag), Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	dir := b.t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, f.content(), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	layers := unpacked.New(b.codec)
	b.t.Cleanup(func() { _ = layers.Close() })
	if err := layers.Add(ctx, image.Recipes()[0], dir); err != nil {
		b.t.Fatal(err)
	}
	return layers, dir
}

// TestPullTakesFromUnpackedLayers pulls a release where the one before is unpacked, and the store is empty.
func TestPullTakesFromUnpackedLayers(t *testing.T) {
	b, src := newBench(t), newImages(t)
	old := tarLayer(tarOf(t, 1, release(1)...))
	b.push(src, src.image(old), "v1", Options{})
	v2 := src.image(tarLayer(tarOf(t, 2, release(2)...)))
	b.push(src, v2, "v2", Options{})

	layers, _ := b.unpack("v1", release(1))
	r, out := b.pull(b.store(t.TempDir()), "v2", Options{Unpacked: layers})
	if r.NewBytes != 1<<20 {
		t.Errorf("%d new bytes, want those of the changed file, %d", r.NewBytes, 1<<20)
	}
	sameImage(t, v2, src, out)
}

// TestUnpackedLayerChanges pulls where the unpacked layer is no longer what it was.
func TestUnpackedLayerChanges(t *testing.T) {
	b, src := newBench(t), newImages(t)
	layer := tarLayer(tarOf(t, 1, release(1)...))
	root := src.image(layer)
	b.push(src, root, "v1", Options{})

	layers, dir := b.unpack("v1", release(1))
	if err := os.Truncate(filepath.Join(dir, "lib/data"), 100<<10); err != nil {
		t.Fatal(err)
	}
	r, out := b.pull(b.store(t.TempDir()), "v1", Options{Unpacked: layers})
	if r.ChunksNew == 0 {
		t.Error("nothing was fetched, though a file was cut")
	}
	sameImage(t, root, src, out)
}
