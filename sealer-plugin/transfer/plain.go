package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// SelectPlatform returns the image for platform ("os/arch[/variant]") of the index or image desc; desc itself if platform is
// empty, or if it is an image that does not say what it is for. Where there is none for platform the error wraps remote.ErrNotFound.
func SelectPlatform(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor, platform string) (ocispec.Descriptor, error) {
	if platform == "" {
		return desc, nil
	}
	want, err := platforms.Parse(platform)
	if err != nil {
		return desc, err
	}
	images, err := imagesOf(ctx, src, desc)
	if err != nil {
		return desc, err
	}
	if len(images) == 1 && images[0].Platform == nil {
		return desc, nil
	}
	return matchPlatform(images, want)
}

// imagesOf returns the images of an index, or an image itself; with their platforms, as far as they are known.
func imagesOf(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	data, err := remote.FetchSmall(ctx, src, desc, remote.MaxManifest)
	if err != nil {
		return nil, err
	}
	var m struct {
		Manifests []ocispec.Descriptor `json:"manifests"`
		Config    ocispec.Descriptor   `json:"config"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("manifest %s: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	if isIndex(desc.MediaType) {
		return m.Manifests, nil
	}
	var platform ocispec.Platform
	config, err := remote.FetchSmall(ctx, src, m.Config, remote.MaxManifest)
	if err == nil && json.Unmarshal(config, &platform) == nil && platform.OS != "" {
		desc.Platform = &platform
	}
	return []ocispec.Descriptor{desc}, nil // where the config is no image's, or not at hand, nobody knows
}

func matchPlatform(manifests []ocispec.Descriptor, want ocispec.Platform) (ocispec.Descriptor, error) {
	match := platforms.Only(want)
	var best *ocispec.Descriptor
	for i, m := range manifests {
		if m.Platform == nil || !match.Match(*m.Platform) {
			continue
		}
		if best == nil || match.Less(*m.Platform, *best.Platform) {
			best = &manifests[i]
		}
	}
	if best == nil {
		return ocispec.Descriptor{}, fmt.Errorf("platform %s: %w: the image has %v", platforms.Format(want), remote.ErrNotFound, platformNames(manifests))
	}
	found := *best
	found.Platform = nil
	return found, nil
}

func platformNames(manifests []ocispec.Descriptor) []string {
	var names []string
	for _, m := range manifests {
		if m.Platform != nil && m.Platform.OS != "unknown" {
			names = append(names, platforms.Format(*m.Platform))
		}
	}
	return names
}

// plainImage is the plain image that a document describes, or a part of it.
type plainImage struct {
	root  ocispec.Descriptor
	blobs []remote.Blob // root first, as in the document
}

// documentImage returns the image for platform out of a document, or all of it.
func documentImage(doc remote.Document, platform string) (plainImage, error) {
	root, err := SelectPlatform(context.Background(), inlineBlobs(doc.Blobs), doc.Root, platform)
	if err != nil {
		return plainImage{}, err
	}
	if root.Digest == doc.Root.Digest {
		return plainImage{root, doc.Blobs}, nil
	}
	wanted := map[digest.Digest]bool{root.Digest: true}
	img := plainImage{root: root}
	for _, b := range doc.Blobs { // a manifest stands before what it names
		if !wanted[b.Digest] {
			continue
		}
		img.blobs = append(img.blobs, b)
		if !isManifest(b.MediaType) {
			continue
		}
		var m ocispec.Manifest
		if err := json.Unmarshal(b.Data, &m); err != nil {
			return img, fmt.Errorf("manifest %s: %w: %w", b.Digest, codec.ErrDamaged, err)
		}
		for _, child := range append(m.Layers, m.Config) {
			wanted[child.Digest] = true
		}
	}
	return img, nil
}

func (img plainImage) size() int64 {
	return remote.Document{Blobs: img.blobs}.RawBytes()
}

// inlineBlobs reads the blobs whose content stands in a document.
type inlineBlobs []remote.Blob

// Fetch implements content.Fetcher.
func (blobs inlineBlobs) Fetch(_ context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	for _, b := range blobs {
		if b.Digest == desc.Digest && b.Inline() {
			return io.NopCloser(bytes.NewReader(b.Data)), nil
		}
	}
	return nil, fmt.Errorf("%s: %w in the image document", desc.Digest, remote.ErrNotFound)
}
