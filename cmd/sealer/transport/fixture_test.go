package transport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	imagecopy "github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/oci/layout"
	"github.com/containers/image/v5/signature"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// images makes images in an OCI layout.
type images struct {
	t   *testing.T
	dir string
}

func newImages(t *testing.T) images {
	i := images{t, t.TempDir()}
	i.write(ocispec.ImageLayoutFile, []byte(`{"imageLayoutVersion":"1.0.0"}`))
	return i
}

func (i images) write(name string, data []byte) {
	i.t.Helper()
	file := filepath.Join(i.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		i.t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o666); err != nil {
		i.t.Fatal(err)
	}
}

func (i images) blob(mediaType string, data []byte) ocispec.Descriptor {
	i.t.Helper()
	d := digest.FromBytes(data)
	i.write(filepath.Join(ocispec.ImageBlobsDir, "sha256", d.Encoded()), data)
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

func (i images) read(desc ocispec.Descriptor) []byte {
	i.t.Helper()
	data, err := os.ReadFile(filepath.Join(i.dir, ocispec.ImageBlobsDir, "sha256", desc.Digest.Encoded()))
	if err != nil {
		i.t.Fatal(err)
	}
	return data
}

func (i images) json(mediaType string, v any) ocispec.Descriptor {
	i.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.blob(mediaType, data)
}

// image makes an image for an architecture, of two layers: the first is compressed.
func (i images) image(arch string) ocispec.Descriptor {
	i.t.Helper()
	m := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Annotations: map[string]string{"sealer.image.extension": `{"type":"kube-installer"}`},
	}
	config := ocispec.Image{Architecture: arch, OS: "linux", RootFS: ocispec.RootFS{Type: "layers"}}
	packed, bare := tarOf(i.t, arch+"/packed"), tarOf(i.t, arch+"/bare")
	config.RootFS.DiffIDs = []digest.Digest{digest.FromBytes(packed), digest.FromBytes(bare)}
	m.Layers = []ocispec.Descriptor{
		i.blob(ocispec.MediaTypeImageLayerGzip, gzipOf(i.t, packed)), i.blob(ocispec.MediaTypeImageLayer, bare),
	}
	m.Config = i.json(ocispec.MediaTypeImageConfig, config)
	desc := i.json(ocispec.MediaTypeImageManifest, m)
	desc.Platform = &ocispec.Platform{Architecture: arch, OS: "linux"}
	return desc
}

// list makes an index of images.
func (i images) list(of ...ocispec.Descriptor) ocispec.Descriptor {
	return i.json(ocispec.MediaTypeImageIndex, ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: of,
	})
}

// tagged gives the image a tag, and returns its reference.
func (i images) tagged(desc ocispec.Descriptor) types.ImageReference {
	i.t.Helper()
	desc.Platform, desc.Annotations = nil, map[string]string{ocispec.AnnotationRefName: "v1"}
	only := []ocispec.Descriptor{desc}
	index, err := json.Marshal(ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, Manifests: only})
	if err != nil {
		i.t.Fatal(err)
	}
	i.write(ocispec.ImageIndexFile, index)
	return layoutAt(i.t, i.dir)
}

func layoutAt(t *testing.T, dir string) types.ImageReference {
	t.Helper()
	ref, err := layout.NewReference(dir, "v1")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// tarOf makes a tar with one file whose content follows from the seed.
func tarOf(t *testing.T, seed string) []byte {
	t.Helper()
	var sum [32]byte
	copy(sum[:], seed)
	content := make([]byte, 300<<10)
	_, _ = rand.NewChaCha8(sum).Read(content)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Name: "bin", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// chunkedAt returns a reference to a chunked image in an empty directory.
func chunkedAt(t *testing.T) *Reference {
	t.Helper()
	transport := &Transport{Root: t.TempDir(), Options: sealift.Options{Jobs: 2}}
	ref, err := transport.Parse("oci:" + filepath.Join(t.TempDir(), "chunked") + ":v1")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// move copies an image.
func move(t *testing.T, to, from types.ImageReference, o imagecopy.Options) error {
	t.Helper()
	policy, err := signature.NewPolicyContext(&signature.Policy{
		Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = policy.Destroy() }()
	_, err = imagecopy.Image(t.Context(), policy, to, from, &o)
	return err
}
