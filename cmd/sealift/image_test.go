package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layout is an OCI image layout that a script makes.
type layout struct{ dir string }

// addImage adds an image of one layer with files to the layout.
func (l layout) addImage(tag string, packed bool, files []string) error {
	layer, err := tarOf(files)
	if err != nil {
		return err
	}
	diffID, mediaType := digest.FromBytes(layer), ocispec.MediaTypeImageLayer
	if packed {
		layer, mediaType = gzipped(layer), ocispec.MediaTypeImageLayerGzip
	}
	config, err := l.addJSON(ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID}},
	})
	if err != nil {
		return err
	}
	blob, err := l.add(mediaType, layer)
	if err != nil {
		return err
	}
	root, err := l.addJSON(ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    []ocispec.Descriptor{blob},
	})
	if err != nil {
		return err
	}
	root.Annotations = map[string]string{ocispec.AnnotationRefName: tag}
	return l.list(root)
}

// list puts root into index.json, beside what stands there.
func (l layout) list(root ocispec.Descriptor) error {
	name := filepath.Join(l.dir, ocispec.ImageIndexFile)
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	if old, err := os.ReadFile(name); err == nil {
		if err := json.Unmarshal(old, &index); err != nil {
			return err
		}
	}
	index.Manifests = append(index.Manifests, root)
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	version := filepath.Join(l.dir, ocispec.ImageLayoutFile)
	if err := os.WriteFile(version, []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o600); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}

func (l layout) addJSON(mediaType string, v any) (ocispec.Descriptor, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return l.add(mediaType, content)
}

func (l layout) add(mediaType string, content []byte) (ocispec.Descriptor, error) {
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}
	dir := filepath.Join(l.dir, ocispec.ImageBlobsDir, "sha256")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return desc, err
	}
	return desc, os.WriteFile(filepath.Join(dir, desc.Digest.Encoded()), content, 0o600)
}

// damage flips a bit in the middle of the largest blob and returns the blob's name.
func (l layout) damage() (string, error) {
	var largest string
	var size int64
	blobs, err := filepath.Glob(filepath.Join(l.dir, ocispec.ImageBlobsDir, "sha256", "*"))
	if err != nil {
		return "", err
	}
	for _, name := range blobs {
		if info, err := os.Stat(name); err == nil && info.Size() > size {
			largest, size = name, info.Size()
		}
	}
	content, err := os.ReadFile(largest)
	if err != nil {
		return "", err
	}
	content[size/2] ^= 1
	if err := os.Chmod(largest, 0o600); err != nil {
		return "", err
	}
	return filepath.Base(largest), os.WriteFile(largest, content, 0o600)
}

func tarOf(files []string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Name: filepath.Base(file), Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(1e9, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// randomBytes are the same for the same seed, and do not compress.
func randomBytes(size int, seed uint64) []byte {
	var key [32]byte
	key[0] = byte(seed)
	b := make([]byte, size)
	_, _ = io.ReadFull(rand.NewChaCha8(key), b)
	return b
}
