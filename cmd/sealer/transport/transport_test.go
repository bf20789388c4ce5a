package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	imagecopy "github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/manifest"
	containers "github.com/containers/image/v5/storage"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/reexec"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func TestMain(m *testing.M) {
	if reexec.Init() {
		return // as the subprocess in which containers-storage unpacks a layer
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	var transport Transport
	for given, want := range map[string]struct{ reference, name string }{
		"//example.com/a/kube:v1": {"sealift://example.com/a/kube:v1", "example.com/a/kube:v1"},
		"//localhost:5000/kube":   {"sealift://localhost:5000/kube:latest", "localhost:5000/kube:latest"},
		"oci:dir:v1":              {"sealift:oci:dir:v1", ""},
	} {
		ref, err := transport.Parse(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		name := ""
		if named := ref.DockerReference(); named != nil {
			name = named.String()
		}
		if ref.String() != want.reference || name != want.name {
			t.Errorf("%s is %s, named %q", given, ref, name)
		}
		again, err := transport.Parse(ref.StringWithinTransport())
		if err != nil || again.String() != ref.String() {
			t.Errorf("%s: parsed again %v, %v", ref, again, err)
		}
	}
	for _, wrong := range []string{"", "//", "//kube:v1", "kube:v1", "//localhost:5000/KUBE", "oci:"} {
		if ref, err := transport.Parse(wrong); !errors.Is(err, sealift.ErrReference) {
			t.Errorf("%q: %v, %v; want ErrReference", wrong, ref, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	images := newImages(t)
	from, chunked, to := images.tagged(images.image("amd64")), chunkedAt(t), layoutAt(t, t.TempDir())
	if err := move(t, chunked, from, imagecopy.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := move(t, to, chunked, imagecopy.Options{PreserveDigests: true}); err != nil {
		t.Fatal(err)
	}
	if want, got := manifestOf(t, from), manifestOf(t, to); !bytes.Equal(want, got) {
		t.Errorf("the manifest was\n%s\nand came back as\n%s", want, got)
	}
}

func TestRoundTripOfList(t *testing.T) {
	images := newImages(t)
	amd, arm := images.image("amd64"), images.image("arm64")
	from, chunked := images.tagged(images.list(amd, arm)), chunkedAt(t)
	if err := move(t, chunked, from, imagecopy.Options{ImageListSelection: imagecopy.CopyAllImages}); err != nil {
		t.Fatal(err)
	}
	if want, got := manifestOf(t, from), manifestOf(t, chunked); !bytes.Equal(want, got) {
		t.Errorf("the list was\n%s\nand is\n%s", want, got)
	}
	one := layoutAt(t, t.TempDir())
	sys := &types.SystemContext{OSChoice: "linux", ArchitectureChoice: "arm64"}
	if err := move(t, one, chunked, imagecopy.Options{SourceCtx: sys, PreserveDigests: true}); err != nil {
		t.Fatal(err)
	}
	if got := digest.FromBytes(manifestOf(t, one)); got != arm.Digest {
		t.Errorf("for arm64 came %s, want %s", got, arm.Digest)
	}
}

// TestOneOfList pushes only the image of a list that is for this system, which has not the list then.
func TestOneOfList(t *testing.T) {
	images := newImages(t)
	amd, arm := images.image("amd64"), images.image("arm64")
	chunked := chunkedAt(t)
	sys := &types.SystemContext{OSChoice: "linux", ArchitectureChoice: "arm64"}
	if err := move(t, chunked, images.tagged(images.list(amd, arm)), imagecopy.Options{SourceCtx: sys}); err != nil {
		t.Fatal(err)
	}
	if got := digest.FromBytes(manifestOf(t, chunked)); got != arm.Digest {
		t.Errorf("pushed %s, want %s", got, arm.Digest)
	}
}

// TestBareLayers pushes an image whose layers a containers-storage has unpacked.
func TestBareLayers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, as containers-storage does")
	}
	images := newImages(t)
	origin := images.image("amd64")
	from, stored, chunked := images.tagged(origin), storedAt(t), chunkedAt(t)
	if err := move(t, stored.ref, from, imagecopy.Options{}); err != nil {
		t.Fatal(err)
	}
	chunked.transport.Storage = stored.store
	if err := move(t, chunked, stored.ref, imagecopy.Options{}); err != nil {
		t.Fatal(err)
	}
	got := manifestOf(t, chunked)
	m, err := parseManifest(got)
	if err != nil {
		t.Fatal(err)
	}
	for i, bare := range [][]byte{tarOf(t, "amd64/packed"), tarOf(t, "amd64/bare")} {
		if l := m.Layers[i]; l.MediaType != ocispec.MediaTypeImageLayer || l.Digest != digest.FromBytes(bare) {
			t.Errorf("layer %d is %s %s, want the bare tar", i, l.MediaType, l.Digest)
		}
	}
	was, err := Origin(got)
	if err != nil || digest.FromBytes(was) != origin.Digest {
		t.Errorf("the manifest before was %s, %v; want %s", was, err, origin.Digest)
	}
	if err := move(t, layoutAt(t, t.TempDir()), chunked, imagecopy.Options{PreserveDigests: true}); err != nil {
		t.Error(err)
	}
}

type stored struct {
	store storage.Store
	ref   types.ImageReference
}

// storedAt returns a place in an empty containers-storage.
func storedAt(t *testing.T) stored {
	t.Helper()
	dir := t.TempDir()
	store, err := storage.GetStore(storage.StoreOptions{
		GraphDriverName: "vfs", GraphRoot: filepath.Join(dir, "root"), RunRoot: filepath.Join(dir, "run"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = store.Shutdown(true) })
	ref, err := containers.Transport.ParseStoreReference(store, "localhost/kube:v1")
	if err != nil {
		t.Fatal(err)
	}
	return stored{store, ref}
}

// signed is an image with a signature.
type signed struct{ types.ImageReference }

func (s signed) NewImageSource(ctx context.Context, sys *types.SystemContext) (types.ImageSource, error) {
	src, err := s.ImageReference.NewImageSource(ctx, sys)
	return signedSource{src}, err
}

type signedSource struct{ types.ImageSource }

func (signedSource) GetSignatures(context.Context, *digest.Digest) ([][]byte, error) {
	return [][]byte{{0x89}}, nil // as binary OpenPGP messages begin
}

func TestSignaturesAreRefused(t *testing.T) {
	images := newImages(t)
	chunked := chunkedAt(t)
	err := move(t, chunked, signed{images.tagged(images.image("amd64"))}, imagecopy.Options{})
	if err == nil || !strings.Contains(err.Error(), "signatures") {
		t.Errorf("error %v, want one about signatures", err)
	}
	if _, err := chunked.Open(t.Context(), nil); !errors.Is(err, sealift.ErrNotFound) {
		t.Errorf("the image is there: %v", err)
	}
}

// TestBrokenPull ends a pull in the midst of a layer: what came is kept, until a pull that is complete.
func TestBrokenPull(t *testing.T) {
	images := newImages(t)
	chunked := chunkedAt(t)
	desc := images.image("amd64")
	if err := move(t, chunked, images.tagged(desc), imagecopy.Options{}); err != nil {
		t.Fatal(err)
	}
	layer := types.BlobInfo{Digest: digest.FromBytes(tarOf(t, "amd64/bare")), Size: -1}
	for _, part := range []int64{1000, 1 << 30} {
		src, err := chunked.Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		rc, _, err := src.GetBlob(t.Context(), layer, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, rc, part); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if err := errors.Join(rc.Close(), src.Close()); err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(chunked.scratch())
		if kept, complete := err == nil, part > 1000; kept == complete {
			t.Errorf("after %d bytes of a layer: store kept: %t, %v", part, kept, err)
		}
	}
}

func TestPlainImageLeavesNothing(t *testing.T) {
	images := newImages(t)
	images.tagged(images.image("amd64"))
	ref, err := (&Transport{Root: t.TempDir()}).Parse("oci:" + images.dir + ":v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ref.Open(t.Context(), nil); !errors.Is(err, sealift.ErrNotChunked) {
		t.Errorf("error %v, want ErrNotChunked", err)
	}
	if _, err := os.Stat(ref.scratch()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store was left: %v", err)
	}
}

func TestOriginOfAnotherImage(t *testing.T) {
	images := newImages(t)
	amd, arm := manifestOf(t, images.tagged(images.image("amd64"))), manifestOf(t, images.tagged(images.image("arm64")))
	forged, err := annotate(amd, AnnotationOrigin, string(arm))
	if err != nil {
		t.Fatal(err)
	}
	if origin, err := Origin(forged); err == nil {
		t.Errorf("took %s for the manifest before", origin)
	}
}

// manifestOf reads a manifest.
func manifestOf(t *testing.T, ref types.ImageReference) []byte {
	t.Helper()
	src, err := ref.NewImageSource(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	data, mediaType, err := src.GetManifest(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if guessed := manifest.GuessMIMEType(data); guessed != mediaType {
		t.Errorf("manifest of type %s is said to be %s", guessed, mediaType)
	}
	return data
}

// TestListOfBareLayers corrects the manifests of a list: it must name what became of them.
func TestListOfBareLayers(t *testing.T) {
	images := newImages(t)
	bare := tarOf(t, "bare")
	config := []byte(`{"rootfs":{"diff_ids":["` + digest.FromBytes(bare).String() + `"]}}`)
	wrong := ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    images.blob(ocispec.MediaTypeImageConfig, config),
		Layers:    []ocispec.Descriptor{images.blob(ocispec.MediaTypeImageLayerGzip, bare)},
	}
	was := images.json(ocispec.MediaTypeImageManifest, wrong)
	list := images.tagged(images.list(was, images.image("arm64")))
	d := &destination{configs: map[digest.Digest][]byte{wrong.Config.Digest: config}}
	d.instances = [][]byte{images.read(was)}
	d.top = manifestOf(t, list)

	p, err := d.plainImage(layers{})
	if err != nil {
		t.Fatal(err)
	}
	now, err := manifest.OCI1IndexFromManifest(p.small[p.root.Digest])
	if err != nil {
		t.Fatal(err)
	}
	m, err := parseManifest(p.small[now.Manifests[0].Digest])
	if err != nil || now.Manifests[0].Digest == was.Digest || m.Layers[0].MediaType != ocispec.MediaTypeImageLayer {
		t.Errorf("the list has %s with %v, %v", now.Manifests[0].Digest, m.Layers, err)
	}
	before, err := manifest.OCI1IndexFromManifest(d.top)
	if err != nil || now.Manifests[1].Digest != before.Manifests[1].Digest {
		t.Errorf("the other image became %s, %v", now.Manifests[1].Digest, err)
	}
}
