package corpus

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Encoding is how a layer is compressed.
type Encoding int

// The encodings of layers.
const (
	Uncompressed Encoding = iota
	Gzip                  // level 6
	Zstd                  // the default level
	ZstdBest              // the best level
)

// Layer is one layer of an image.
type Layer struct {
	Write     func(io.Writer) error // puts out the tar, uncompressed, the same bytes at every call
	Encoding  Encoding
	MediaType string // "" is the one of OCI for the encoding
}

// Image is an image of one platform.
type Image struct {
	Layers      []Layer
	Built       time.Time
	Platform    ocispec.Platform // the zero value is linux/amd64
	Annotations map[string]string
}

// Image adds an image to the layout and returns its manifest.
func (l *Layout) Image(image Image) (ocispec.Descriptor, error) {
	if image.Platform.OS == "" {
		image.Platform = ocispec.Platform{OS: "linux", Architecture: "amd64"}
	}
	config := ocispec.Image{
		Created:  &image.Built,
		Platform: image.Platform,
		RootFS:   ocispec.RootFS{Type: "layers"},
	}
	manifest := ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageManifest,
		Layers:      []ocispec.Descriptor{},
		Annotations: maps.Clone(image.Annotations),
	}
	for i, layer := range image.Layers {
		desc, diffID, err := l.layer(layer)
		if err != nil {
			return ocispec.Descriptor{}, fmt.Errorf("layer %d: %w", i, err)
		}
		manifest.Layers = append(manifest.Layers, desc)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diffID)
		config.History = append(config.History, ocispec.History{Created: &image.Built, CreatedBy: "corpus"})
	}
	var err error
	if manifest.Config, err = l.JSON(ocispec.MediaTypeImageConfig, config); err != nil {
		return ocispec.Descriptor{}, err
	}
	desc, err := l.JSON(ocispec.MediaTypeImageManifest, manifest)
	desc.Platform = &image.Platform
	return desc, err
}

// Add adds an image under a tag and returns its manifest.
func (l *Layout) Add(image Image, tag string) (ocispec.Descriptor, error) {
	root, err := l.Image(image)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return root, l.Tag(root, tag)
}

// Index adds an index of several platforms to the layout.
func (l *Layout) Index(annotations map[string]string, manifests ...ocispec.Descriptor) (ocispec.Descriptor, error) {
	return l.JSON(ocispec.MediaTypeImageIndex, ocispec.Index{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageIndex,
		Manifests:   manifests,
		Annotations: annotations,
	})
}

func (l *Layout) layer(layer Layer) (desc ocispec.Descriptor, diffID digest.Digest, err error) {
	hash := sha256.New()
	desc, err = l.Blob(layer.mediaType(), func(w io.Writer) error {
		encoder, err := layer.Encoding.encoder(w)
		if err != nil {
			return err
		}
		buffered := bufio.NewWriterSize(io.MultiWriter(encoder, hash), 256<<10)
		if err := layer.Write(buffered); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		return encoder.Close()
	})
	return desc, digest.NewDigest(digest.SHA256, hash), err
}

func (l Layer) mediaType() string {
	switch {
	case l.MediaType != "":
		return l.MediaType
	case l.Encoding == Gzip:
		return ocispec.MediaTypeImageLayerGzip
	case l.Encoding == Zstd || l.Encoding == ZstdBest:
		return ocispec.MediaTypeImageLayerZstd
	default:
		return ocispec.MediaTypeImageLayer
	}
}

func (e Encoding) encoder(w io.Writer) (io.WriteCloser, error) {
	switch e {
	case Gzip:
		return gzip.NewWriterLevel(w, 6)
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case ZstdBest:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	default:
		return unencoded{w}, nil
	}
}

// unencoded leaves a layer as it is.
type unencoded struct{ io.Writer }

func (unencoded) Close() error { return nil }

// GzipSize returns how many bytes a layer has that is compressed by gzip -6, as registries mostly hold it.
func GzipSize(layer Layer) (int64, error) {
	var size counter
	encoder, err := Gzip.encoder(&size)
	if err != nil {
		return 0, err
	}
	if err := layer.Write(encoder); err != nil {
		return 0, err
	}
	if err := encoder.Close(); err != nil {
		return 0, err
	}
	return int64(size), nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
