package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// When images were built: later ones have other mtimes.
var (
	monday  = time.Date(2026, 7, 6, 8, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

// layoutOf makes a layout that has the image as v1, and returns its directory.
func layoutOf(t *testing.T, image corpus.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	add(t, layout, "v1", image)
	return dir
}

// add adds the image to the layout.
func add(t *testing.T, layout *corpus.Layout, tag string, image corpus.Image) ocispec.Descriptor {
	t.Helper()
	desc, err := layout.Image(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := layout.Tag(desc, tag); err != nil {
		t.Fatal(err)
	}
	return desc
}

// small is an image of a few MB with uncompressed layers.
func small() corpus.Image {
	return corpus.Image{Built: monday, Layers: []corpus.Layer{
		corpus.Tree{Seed: 1, Files: 3, Size: 700_000, Built: monday}.Layer(corpus.Uncompressed),
		corpus.Tree{Seed: 2, Files: 300, Size: 3_000, Built: monday}.Layer(corpus.Uncompressed),
	}}
}

// sameImage checks that tag in layout got is the very image that tag is in layout want: the same digest, and every
// blob below it is there and has its digest.
func sameImage(t *testing.T, want, got, tag string) {
	t.Helper()
	expected, err := corpus.Tagged(want, tag)
	if err != nil {
		t.Fatal(err)
	}
	found, err := corpus.Tagged(got, tag)
	if err != nil {
		t.Fatal(err)
	}
	if found.Digest != expected.Digest {
		t.Fatalf("%s is %s, not %s", tag, found.Digest, expected.Digest)
	}
	for _, desc := range walk(t, got, found) {
		intact(t, got, desc.Digest)
	}
}

// node is what walk looks at in manifests and indexes alike.
type node struct {
	Config    *ocispec.Descriptor  `json:"config"`
	Layers    []ocispec.Descriptor `json:"layers"`
	Manifests []ocispec.Descriptor `json:"manifests"`
}

// walk returns the descriptors of all blobs of the image root, the root's first.
func walk(t *testing.T, dir string, root ocispec.Descriptor) []ocispec.Descriptor {
	t.Helper()
	all := []ocispec.Descriptor{root}
	switch root.MediaType {
	case ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex:
	default:
		return all
	}
	var n node
	if err := json.Unmarshal(blob(t, dir, root.Digest), &n); err != nil {
		t.Fatal(err)
	}
	if n.Config != nil {
		all = append(all, *n.Config)
	}
	all = append(all, n.Layers...)
	for _, manifest := range n.Manifests {
		all = append(all, walk(t, dir, manifest)...)
	}
	return all
}

func blob(t *testing.T, dir string, d digest.Digest) []byte {
	t.Helper()
	content, err := os.ReadFile(corpus.BlobPath(dir, d))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// intact checks that the layout has the blob, whole.
func intact(t *testing.T, dir string, d digest.Digest) {
	t.Helper()
	file, err := os.Open(corpus.BlobPath(dir, d))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != d.Encoded() {
		t.Errorf("blob %s has sha256 %s", d, got)
	}
}

// noImage checks that the layout has no image v1.
func noImage(t *testing.T, dir string) {
	t.Helper()
	if desc, err := corpus.Tagged(dir, "v1"); err == nil {
		t.Errorf("%s has %s as v1", dir, desc.Digest)
	}
}
