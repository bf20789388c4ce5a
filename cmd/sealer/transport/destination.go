package transport

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// destination takes an image that is copied to a reference. Of what copy.Image copies it keeps manifests and configs;
// layers it claims to have, and then reads them from the source, when everything else is known: a push reads a layer
// only if it must, and nothing is put down on the way.
type destination struct {
	ref *Reference
	sys *types.SystemContext

	configs   map[digest.Digest][]byte
	instances [][]byte // manifests of the images of a list
	top       []byte   // the manifest of the image, or its list
}

var _ types.ImageDestination = (*destination)(nil)

func newDestination(r *Reference, sys *types.SystemContext) (*destination, error) {
	if r.ref.Digest != "" {
		return nil, fmt.Errorf("%w: %s: a destination has a tag and no digest", sealift.ErrReference, r)
	}
	return &destination{ref: r, sys: sys, configs: make(map[digest.Digest][]byte)}, nil
}

func (d *destination) Reference() types.ImageReference { return d.ref }

func (*destination) Close() error { return nil }

func (*destination) SupportedManifestMIMETypes() []string {
	return []string{
		ocispec.MediaTypeImageManifest, manifest.DockerV2Schema2MediaType,
		ocispec.MediaTypeImageIndex, manifest.DockerV2ListMediaType,
	}
}

func (*destination) SupportsSignatures(context.Context) error {
	return errors.New("images are not pushed by chunks together with their signatures")
}

func (*destination) DesiredLayerCompression() types.LayerCompression { return types.PreserveOriginal }

func (*destination) AcceptsForeignLayerURLs() bool { return true }

func (*destination) MustMatchRuntimeOS() bool { return false }

func (*destination) IgnoresEmbeddedDockerReference() bool { return true }

func (*destination) HasThreadSafePutBlob() bool { return false }

func (*destination) TryReusingBlob(
	_ context.Context, info types.BlobInfo, _ types.BlobInfoCache, _ bool,
) (bool, types.BlobInfo, error) {
	return true, info, nil
}

func (d *destination) PutBlob(
	_ context.Context, r io.Reader, info types.BlobInfo, _ types.BlobInfoCache, isConfig bool,
) (types.BlobInfo, error) {
	if !isConfig {
		return info, fmt.Errorf("layer %s would have to be converted, which a push by chunks does not do", info.Digest)
	}
	data, err := io.ReadAll(io.LimitReader(r, remote.MaxManifest+1))
	if err != nil {
		return info, err
	}
	if len(data) > remote.MaxManifest {
		return info, fmt.Errorf("the config has more than %d bytes", remote.MaxManifest)
	}
	info.Digest, info.Size = digest.FromBytes(data), int64(len(data))
	d.configs[info.Digest] = data
	return info, nil
}

func (d *destination) PutManifest(_ context.Context, data []byte, instance *digest.Digest) error {
	if instance != nil {
		d.instances = append(d.instances, data)
	} else {
		d.top = data
	}
	return nil
}

func (d *destination) PutSignatures(ctx context.Context, signatures [][]byte, _ *digest.Digest) error {
	if len(signatures) > 0 {
		return d.SupportsSignatures(ctx)
	}
	return nil
}

// Commit pushes the image.
func (d *destination) Commit(ctx context.Context, unparsed types.UnparsedImage) error {
	src, err := unparsed.Reference().NewImageSource(ctx, d.sys)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	plain, err := d.plainImage(layersOf(src, d.ref.transport.Storage))
	if err != nil {
		return err
	}
	o, err := d.ref.options(ctx, d.sys)
	if err != nil {
		return err
	}
	result, err := sealift.PushFrom(ctx, plain, plain.root, d.ref.ref.String(), o)
	if err == nil && d.ref.transport.Pushed != nil {
		d.ref.transport.Pushed(d.ref, result)
	}
	return err
}

// plainImage puts together what is to be pushed.
func (d *destination) plainImage(from layers) (p *plainImage, err error) {
	p = &plainImage{small: d.configs, layers: from}
	now := make(map[digest.Digest]ocispec.Descriptor)
	for _, instance := range d.instances {
		if now[digest.FromBytes(instance)], err = p.addManifest(instance); err != nil {
			return nil, err
		}
	}
	if manifest.MIMETypeIsMultiImage(manifest.GuessMIMEType(d.top)) {
		p.root, err = p.addList(d.top, now)
	} else {
		p.root, err = p.addManifest(d.top)
	}
	return p, err
}
