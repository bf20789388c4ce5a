package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Docker's media types, which registries still hold.
const (
	mediaTypeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	mediaTypeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	mediaTypeDockerLayer    = "application/vnd.docker.image.rootfs.diff.tar"
)

// isIndex says whether a media type is that of an image of several platforms.
func isIndex(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageIndex || mediaType == mediaTypeDockerList
}

// isManifest says whether a media type is that of the image of one platform.
func isManifest(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageManifest || mediaType == mediaTypeDockerManifest
}

// manifest pushes what the manifest or index desc leads to, and returns the descriptor under which the pushed image has
// it: the same one, unless layers were unpacked.
func (p *push) manifest(ctx context.Context, desc ocispec.Descriptor) (ocispec.Descriptor, error) {
	if slot, seen := p.at[desc.Digest]; seen {
		return nowAt(desc, p.image.Document.Blobs[slot].Descriptor()), nil
	}
	data, err := remote.FetchSmall(ctx, p.src, desc, remote.MaxManifest)
	if err != nil {
		return desc, fmt.Errorf("manifest: %w", err)
	}
	slot := p.reserve(desc.Digest)
	switch {
	case isIndex(desc.MediaType):
		data, err = p.indexManifests(ctx, data)
	case isManifest(desc.MediaType):
		data, err = p.imageBlobs(ctx, data)
	default:
		err = fmt.Errorf("media type %q is not supported", desc.MediaType)
	}
	if err != nil {
		return desc, fmt.Errorf("manifest %s: %w", desc.Digest, err)
	}
	b := remote.Blob{MediaType: desc.MediaType, Digest: digest.FromBytes(data), Size: int64(len(data)), Data: data}
	p.image.Document.Blobs[slot] = b
	return nowAt(desc, b.Descriptor()), nil
}

// refuseChunked returns an error if the image desc is in chunked form.
func refuseChunked(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) error {
	if !isManifest(desc.MediaType) {
		return nil
	}
	data, err := remote.FetchSmall(ctx, src, desc, remote.MaxManifest)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	var m struct {
		ArtifactType string `json:"artifactType"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("manifest %s: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	if err := remote.CheckPlain(m.ArtifactType); err != nil {
		return fmt.Errorf("image %s: %w", desc.Digest, err)
	}
	return nil
}

// indexManifests pushes the images of an index, and returns the index as the pushed image has it.
func (p *push) indexManifests(ctx context.Context, data []byte) ([]byte, error) {
	var index ocispec.Index
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	now := make([]ocispec.Descriptor, len(index.Manifests))
	for i, m := range index.Manifests {
		if err := checkDescriptor(m); err != nil {
			return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
		}
		var err error
		if now[i], err = p.manifest(ctx, m); err != nil {
			return nil, err
		}
	}
	return replaceDescriptors(data, "manifests", index.Manifests, now)
}

// imageBlobs pushes config and layers of an image, and returns its manifest as the pushed image has it.
func (p *push) imageBlobs(ctx context.Context, data []byte) ([]byte, error) {
	var m ocispec.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
	}
	for _, d := range append(m.Layers, m.Config) {
		if err := checkDescriptor(d); err != nil {
			return nil, fmt.Errorf("%w: %w", codec.ErrDamaged, err)
		}
	}
	config, err := p.config(ctx, m.Config)
	if err != nil {
		return nil, err
	}
	if !p.opts.NoRebuild && p.opts.Layers != Unpack {
		defer p.survey(ctx, m.Layers).Close()
	}
	now := make([]ocispec.Descriptor, len(m.Layers))
	for i, layer := range m.Layers {
		if now[i], err = p.layer(ctx, layer, config.diffID(i)); err != nil {
			return nil, err
		}
	}
	return replaceDescriptors(data, "layers", m.Layers, now)
}

// imageConfig is what a push reads of an image's config. Configs of artifacts have none of it.
type imageConfig struct {
	Created string `json:"created"`
	RootFS  struct {
		DiffIDs []digest.Digest `json:"diff_ids"`
	} `json:"rootfs"`
}

// diffID returns the digest of layer i when it is uncompressed, or "" if the config does not tell.
func (c imageConfig) diffID(i int) digest.Digest {
	if i < len(c.RootFS.DiffIDs) {
		return c.RootFS.DiffIDs[i]
	}
	return ""
}

// config pushes an image's config and reads it.
func (p *push) config(ctx context.Context, desc ocispec.Descriptor) (imageConfig, error) {
	var c imageConfig
	if err := p.blob(ctx, desc); err != nil {
		return c, err
	}
	if desc.Size > remote.MaxManifest {
		return c, nil // no image config, and nothing to hold in memory
	}
	data := p.image.Document.Blobs[p.at[desc.Digest]].Data
	if int64(len(data)) != desc.Size {
		var err error
		if data, err = remote.FetchSmall(ctx, p.src, desc, remote.MaxManifest); err != nil {
			return c, err
		}
	}
	c = parseConfig(data)
	if p.image.Created == "" {
		p.image.Created = c.Created // the first image stands for all of an index
	}
	return c, nil
}

// parseConfig reads a config. That of an artifact may be anything: then there is nothing to read.
func parseConfig(data []byte) imageConfig {
	var c imageConfig
	if json.Unmarshal(data, &c) != nil {
		return imageConfig{}
	}
	return c
}

// layer pushes a layer, unpacked if that is wanted, and returns its descriptor in the pushed image.
func (p *push) layer(ctx context.Context, desc ocispec.Descriptor, diffID digest.Digest) (ocispec.Descriptor, error) {
	if len(desc.URLs) > 0 {
		there, err := p.src.Exists(ctx, desc)
		if err != nil || !there {
			return desc, err // a foreign layer: everyone gets it from its own place
		}
	}
	if p.opts.Layers != Unpack {
		return desc, p.blob(ctx, desc)
	}
	now, err := p.unpack(ctx, desc, diffID)
	if errors.Is(err, errNotCompressed) {
		return desc, p.blob(ctx, desc)
	}
	if err != nil {
		return desc, fmt.Errorf("unpack layer %s: %w", desc.Digest, err)
	}
	return now, nil
}

// Near is implemented by sources that have blobs which can be fetched again at little cost.
type Near interface {
	IsNear(ocispec.Descriptor) bool
}

// survey begins to look through those layers that will be taken apart for gzip files, ahead of that.
func (p *push) survey(ctx context.Context, layers []ocispec.Descriptor) *recipe.Survey {
	var blobs []recipe.Blob
	number := make(map[digest.Digest]int)
	for _, layer := range layers {
		known := has(p.at, layer.Digest) || has(p.recipes, layer.Digest) || has(number, layer.Digest)
		if known || layer.Size <= remote.MaxInline || !p.isNear(layer) {
			continue
		}
		number[layer.Digest] = len(blobs)
		blobs = append(blobs, recipe.Blob{
			Size: layer.Size, Open: func(ctx context.Context) (io.ReadCloser, error) { return p.src.Fetch(ctx, layer) },
		})
	}
	s := recipe.NewSurvey(ctx, p.codec, blobs, p.opts.Jobs)
	p.findings = make(map[digest.Digest]*recipe.Findings, len(blobs))
	for layer, i := range number {
		p.findings[layer] = s.Findings(i)
	}
	return s
}

func (p *push) isNear(layer ocispec.Descriptor) bool {
	src, ok := p.src.(Near)
	return ok && src.IsNear(layer)
}

// nowAt returns desc with the content of another descriptor, keeping its annotations and platform.
func nowAt(desc, content ocispec.Descriptor) ocispec.Descriptor {
	desc.MediaType, desc.Digest, desc.Size = content.MediaType, content.Digest, content.Size
	if desc.Digest != content.Digest {
		desc.Data = nil
	}
	return desc
}

// replaceDescriptors returns the JSON object data with the changed descriptors in the list under key. Fields that this
// version does not know stay as they are; an object without changes stays the same bytes.
func replaceDescriptors(data []byte, key string, old, now []ocispec.Descriptor) ([]byte, error) {
	var object map[string]json.RawMessage
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(object[key], &list); err != nil && len(old) > 0 {
		return nil, err
	}
	changed := false
	for i := range old {
		if old[i].Digest == now[i].Digest && old[i].MediaType == now[i].MediaType {
			continue
		}
		changed = true
		delete(list[i], "data")
		for field, value := range map[string]any{"mediaType": now[i].MediaType, "digest": now[i].Digest, "size": now[i].Size} {
			raw, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			list[i][field] = raw
		}
	}
	if !changed {
		return data, nil
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	object[key] = raw
	return json.Marshal(object)
}
