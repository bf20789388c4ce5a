package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containers/image/v5/manifest"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// plainImage is the image that is pushed, as a storage: its manifests and configs, and the layers of a source.
type plainImage struct {
	root   ocispec.Descriptor
	small  map[digest.Digest][]byte
	layers layers
}

var _ content.ReadOnlyStorage = (*plainImage)(nil)

// Exists implements content.ReadOnlyStorage. Layers that others have to fetch from their own places are not there.
func (p *plainImage) Exists(_ context.Context, desc ocispec.Descriptor) (bool, error) {
	return len(desc.URLs) == 0, nil
}

// Fetch implements content.Fetcher.
func (p *plainImage) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if data, ok := p.small[desc.Digest]; ok {
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	return p.layers.open(ctx, desc)
}

// IsNear implements transfer.Near. Bare layers are read from the files that they were unpacked to.
func (p *plainImage) IsNear(desc ocispec.Descriptor) bool { return p.layers.bare(desc.Digest) != "" }

// addManifest adds the manifest of an image, made right, and with the one that it was made from.
func (p *plainImage) addManifest(data []byte) (ocispec.Descriptor, error) {
	m, err := parseManifest(data)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	diffIDs, err := diffIDs(p.small[m.Config.Digest])
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("config %s: %w", m.Config.Digest, err)
	}
	if data, err = nameBareLayers(data, m.Layers, diffIDs); err != nil {
		return ocispec.Descriptor{}, err
	}
	if origin := p.layers.manifest(m.Config.Digest); origin != nil && !bytes.Equal(origin, data) {
		if data, err = annotate(data, AnnotationOrigin, string(origin)); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	return p.add(data), nil
}

// addList adds a list of images whose manifests are now those of now.
func (p *plainImage) addList(data []byte, now map[digest.Digest]ocispec.Descriptor) (ocispec.Descriptor, error) {
	list, err := replaceEach(data, "manifests", func(_ int, desc fields) error {
		var was digest.Digest
		if err := desc.get("digest", &was); err != nil {
			return err
		}
		if m, ok := now[was]; ok && m.Digest != was {
			return errors.Join(desc.set("digest", m.Digest), desc.set("size", m.Size))
		}
		return nil
	})
	return p.add(list), err
}

func (p *plainImage) add(data []byte) ocispec.Descriptor {
	desc := content.NewDescriptorFromBytes(manifest.GuessMIMEType(data), data)
	p.small[desc.Digest] = data
	return desc
}

func parseManifest(data []byte) (ocispec.Manifest, error) {
	var m ocispec.Manifest
	if len(data) > remote.MaxManifest {
		return m, fmt.Errorf("the manifest has more than %d bytes", remote.MaxManifest)
	}
	err := json.Unmarshal(data, &m)
	return m, err
}

// diffIDs returns the digests of the bare layers of the image with a config.
func diffIDs(config []byte) ([]digest.Digest, error) {
	var c struct {
		RootFS struct {
			DiffIDs []digest.Digest `json:"diff_ids"`
		} `json:"rootfs"`
	}
	err := json.Unmarshal(config, &c)
	return c.RootFS.DiffIDs, err
}
