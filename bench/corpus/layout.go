// Package corpus makes the images that the tests and the benchmarks work on: out of real software, fetched by the
// clients of package registries, and out of a seeded generator. The same input always gives the same image.
package corpus

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Layout is an OCI image layout directory that is being written. It is not safe for concurrent use.
type Layout struct {
	dir   string
	index ocispec.Index
}

// NewLayout starts a layout in dir, which need not exist. What dir held before stays only as unreferenced blobs.
func NewLayout(dir string) (*Layout, error) {
	if err := os.MkdirAll(filepath.Join(dir, ocispec.ImageBlobsDir, "sha256"), 0o755); err != nil {
		return nil, err
	}
	version, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, ocispec.ImageLayoutFile), version, 0o644); err != nil {
		return nil, err
	}
	return &Layout{dir: dir, index: ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
	}}, nil
}

// Blob adds what write puts out.
func (l *Layout) Blob(mediaType string, write func(io.Writer) error) (ocispec.Descriptor, error) {
	file, err := os.CreateTemp(l.dir, "blob-*")
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer os.Remove(file.Name())
	defer file.Close()

	hash := sha256.New()
	if err := write(io.MultiWriter(file, hash)); err != nil {
		return ocispec.Descriptor{}, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.NewDigest(digest.SHA256, hash), Size: size}
	return desc, os.Rename(file.Name(), BlobPath(l.dir, desc.Digest))
}

// JSON adds v as a document.
func (l *Layout) JSON(mediaType string, v any) (ocispec.Descriptor, error) {
	return l.Blob(mediaType, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// Tag names desc in the layout's index.
func (l *Layout) Tag(desc ocispec.Descriptor, tag string) error {
	desc.Annotations = map[string]string{ocispec.AnnotationRefName: tag}
	l.index.Manifests = append(l.index.Manifests, desc)
	encoded, err := json.Marshal(l.index)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, ocispec.ImageIndexFile), encoded, 0o644)
}

// BlobPath is where the layout in dir keeps the blob d.
func BlobPath(dir string, d digest.Digest) string {
	return filepath.Join(dir, ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

// Tagged returns the descriptor that the layout in dir has for tag.
func Tagged(dir, tag string) (ocispec.Descriptor, error) {
	encoded, err := os.ReadFile(filepath.Join(dir, ocispec.ImageIndexFile))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(encoded, &index); err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("index of %s: %w", dir, err)
	}
	for _, desc := range index.Manifests {
		if desc.Annotations[ocispec.AnnotationRefName] == tag {
			return desc, nil
		}
	}
	return ocispec.Descriptor{}, fmt.Errorf("%s has no tag %s", dir, tag)
}

// Manifest returns the manifest root that the layout in dir has.
func Manifest(dir string, root ocispec.Descriptor) (manifest ocispec.Manifest, err error) {
	encoded, err := os.ReadFile(BlobPath(dir, root.Digest))
	if err != nil {
		return manifest, err
	}
	return manifest, json.Unmarshal(encoded, &manifest)
}
