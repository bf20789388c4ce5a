package sealift_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/content/oci"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// What is in the layer of the image: some that can be compressed, some that cannot.
const layerType = "application/vnd.example.data"

var layerData = func() []byte {
	noise := make([]byte, 50_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	return append(noise, bytes.Repeat([]byte("sealift"), 1<<20/7)...)
}()

// plainImage writes an image with one layer of 1 MiB to a layout in dir, under the tag v1, and returns its manifest.
func plainImage(ctx context.Context, dir string) (ocispec.Descriptor, error) {
	layout, err := oci.New(dir)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	layer := content.NewDescriptorFromBytes(layerType, layerData)
	if err := layout.Push(ctx, layer, bytes.NewReader(layerData)); err != nil {
		return layer, err
	}
	root, err := oras.PackManifest(ctx, layout, oras.PackManifestVersion1_1, "application/vnd.example", oras.PackManifestOptions{
		Layers:              []ocispec.Descriptor{layer},
		ManifestAnnotations: map[string]string{ocispec.AnnotationCreated: "2026-01-01T00:00:00Z"},
	})
	if err != nil {
		return root, err
	}
	return root, layout.Tag(ctx, root, "v1")
}

func ExamplePush() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "sealift-example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := plainImage(ctx, filepath.Join(dir, "image")); err != nil {
		panic(err)
	}
	o := sealift.Options{Store: filepath.Join(dir, "store")}
	usb := "oci:" + filepath.Join(dir, "usb") + ":v1"

	pushed, err := sealift.Push(ctx, "oci:"+filepath.Join(dir, "image")+":v1", usb, o)
	if err != nil {
		panic(err)
	}
	pulled, err := sealift.Pull(ctx, usb, "oci:"+filepath.Join(dir, "copy")+":v1", o)
	if err != nil {
		panic(err)
	}
	fmt.Println(pushed.Digest == pulled.Digest, pulled.RawBytes/pulled.ReceivedBytes > 10)
	// Output: true true
}

// place is a plain image, a place to push to and the options of a test.
func place(t *testing.T) (src, dst string, o sealift.Options) {
	t.Helper()
	dir := t.TempDir()
	if _, err := plainImage(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return "oci:" + dir + ":v1", "oci:" + t.TempDir() + ":v1", sealift.Options{Store: t.TempDir()}
}

func TestTrafficIsThatOfTheRemote(t *testing.T) {
	src, dst, o := place(t)
	pushed, err := sealift.Push(t.Context(), src, dst, o)
	if err != nil {
		t.Fatal(err)
	}
	if pushed.ReceivedBytes > 1000 || pushed.SentBytes < 1000 || pushed.SentBytes > 100_000 {
		t.Errorf("a push to an empty layout received %d bytes and sent %d", pushed.ReceivedBytes, pushed.SentBytes)
	}
	pulled, err := sealift.Pull(t.Context(), dst, "oci:"+t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	if pulled.SentBytes != 0 || pulled.ReceivedBytes < 1000 || pulled.ReceivedBytes > 100_000 {
		t.Errorf("a pull from a layout sent %d bytes and received %d", pulled.SentBytes, pulled.ReceivedBytes)
	}
}

func TestErrors(t *testing.T) {
	src, dst, o := place(t)
	if _, err := sealift.Push(t.Context(), src, dst, o); err != nil {
		t.Fatal(err)
	}
	nowhere := "oci:" + filepath.Join(t.TempDir(), "none") + ":v1"
	for name, test := range map[string]struct {
		do   func() error
		want error
	}{
		"no such image":  {func() error { _, err := sealift.Pull(t.Context(), nowhere, "", o); return err }, sealift.ErrNotFound},
		"no host":        {func() error { _, err := sealift.Inspect(t.Context(), "kube", o); return err }, sealift.ErrReference},
		"push of chunks": {func() error { _, err := sealift.Push(t.Context(), dst, nowhere, o); return err }, sealift.ErrChunked},
		"unknown layers": {func() error {
			p := o
			p.Layers = "melt"
			_, err := sealift.Push(t.Context(), src, nowhere, p)
			return err
		}, nil},
		"level too high": {func() error { p := o; p.Level = 20; _, err := sealift.Push(t.Context(), src, nowhere, p); return err }, nil},
		"a distant base": {func() error {
			p := o
			p.Bases = []string{"localhost:1/a:b"}
			_, err := sealift.Push(t.Context(), src, nowhere, p)
			return err
		}, sealift.ErrReference},
		"digest as a tag": {func() error {
			_, err := sealift.Pull(t.Context(), dst, nowhere+"@sha256:0123456789012345678901234567890123456789012345678901234567890123", o)
			return err
		}, sealift.ErrReference},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.do()
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// TestOpenedImageIsAStorage reads a chunked image as the plain one, and pushes that from there to another place.
func TestOpenedImageIsAStorage(t *testing.T) {
	src, dst, o := place(t)
	pushed, err := sealift.Push(t.Context(), src, dst, o)
	if err != nil {
		t.Fatal(err)
	}
	image, err := sealift.Open(t.Context(), dst, o)
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	if image.Root().Digest != pushed.Digest {
		t.Errorf("it stands for %s, not for %s", image.Root().Digest, pushed.Digest)
	}
	if err := oras.CopyGraph(t.Context(), image, memory.New(), image.Root(), oras.DefaultCopyGraphOptions); err != nil {
		t.Error(err) // every digest is checked
	}
	if _, err := image.Fetch(t.Context(), ocispec.Descriptor{Digest: digest.FromString("another")}); !errors.Is(err, sealift.ErrNotFound) {
		t.Errorf("a blob that is not the image's: error %v", err)
	}
	other := "oci:" + t.TempDir() + ":v1"
	if again, err := sealift.PushFrom(t.Context(), image, image.Root(), other, o); err != nil || again.Digest != pushed.Digest {
		t.Errorf("pushed from there: %+v, %v", again, err)
	}
}

func TestOpenWantsAChunkedImage(t *testing.T) {
	src, _, o := place(t)
	if _, err := sealift.Open(t.Context(), src, o); !errors.Is(err, sealift.ErrNotChunked) {
		t.Errorf("a plain image: error %v", err)
	}
	if _, err := sealift.Open(t.Context(), src, o); errors.Is(err, sealift.ErrStoreInUse) {
		t.Error("after a failure the store is still open")
	}
}

// noLayers is a storage whose layers nobody may read.
type noLayers struct {
	content.ReadOnlyStorage
	t *testing.T
}

func (n noLayers) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if desc.MediaType == layerType {
		n.t.Error("the layer was read")
	}
	return n.ReadOnlyStorage.Fetch(ctx, desc)
}

// source opens the plain image that src names.
func source(t *testing.T, src string) (content.ReadOnlyStorage, ocispec.Descriptor) {
	t.Helper()
	layout, err := oci.New(strings.TrimSuffix(strings.TrimPrefix(src, "oci:"), ":v1"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := layout.Resolve(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	return noLayers{layout, t}, root
}

// TestPushOfWhatIsElsewhere gives a push another place where the image is already: as prepared, or as a base.
func TestPushOfWhatIsElsewhere(t *testing.T) {
	src, dst, o := place(t)
	pushed, err := sealift.Push(t.Context(), src, dst, o)
	if err != nil {
		t.Fatal(err)
	}
	storage, root := source(t, src)
	prepared, based := o, o
	prepared.Prepared = dst
	based.Bases = []string{dst}
	for name, o := range map[string]sealift.Options{"prepared": prepared, "a base": based} {
		again := "oci:" + t.TempDir() + ":v1"
		if _, err := sealift.PushFrom(t.Context(), storage, root, again, o); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v, err := sealift.Verify(t.Context(), again, o); err != nil || v.Digest != pushed.Digest {
			t.Errorf("%s: became %+v, %v", name, v, err)
		}
	}
}

func TestNothingIsPrepared(t *testing.T) {
	src, dst, o := place(t)
	o.Prepared = "oci:" + filepath.Join(t.TempDir(), "none") + ":v1"
	if _, err := sealift.Push(t.Context(), src, dst, o); err != nil {
		t.Error(err)
	}
	o.Prepared = "none"
	if _, err := sealift.Push(t.Context(), src, dst, o); !errors.Is(err, sealift.ErrReference) {
		t.Errorf("no reference: error %v", err)
	}
}

// bareLayer returns the tar of a layer with a file.
func bareLayer(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return layer.Bytes()
}

// TestUnpackedLayer opens an image whose content is a file of an unpacked layer, too.
func TestUnpackedLayer(t *testing.T) {
	src, dst, o := place(t)
	if _, err := sealift.Push(t.Context(), src, dst, o); err != nil {
		t.Fatal(err)
	}
	dir, recipe := t.TempDir(), filepath.Join(t.TempDir(), "recipe")
	if err := os.WriteFile(filepath.Join(dir, "data"), layerData, 0o600); err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	layer := bareLayer(t, "data", layerData)
	sum, err := sealift.BuildRecipe(t.Context(), bytes.NewReader(layer), &made, o)
	if err != nil || sum.Digest != digest.FromBytes(layer) {
		t.Fatalf("the recipe is of %s, %v", sum.Digest, err)
	}

	o.Remote.Meter = new(remote.Meter)
	image, err := sealift.Open(t.Context(), dst, o)
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	for _, r := range []struct {
		data []byte
		want error
	}{{[]byte("no recipe"), sealift.ErrDamaged}, {made.Bytes(), nil}} {
		if err := os.WriteFile(recipe, r.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := image.AddUnpacked(t.Context(), dir, recipe); !errors.Is(err, r.want) {
			t.Errorf("error %v, want %v", err, r.want)
		}
	}
	before := o.Remote.Meter.Snapshot().Received
	if err := oras.CopyGraph(t.Context(), image, memory.New(), image.Root(), oras.DefaultCopyGraphOptions); err != nil {
		t.Error(err)
	}
	if received := o.Remote.Meter.Snapshot().Received - before; received > 0 {
		t.Errorf("received %d bytes of what is there", received)
	}
}
