package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Copy writes the plain image root to out, blob by blob, without what is there already.
func Copy(ctx context.Context, src content.ReadOnlyStorage, root ocispec.Descriptor, out Output, opts Options) (*Result, error) {
	opts = opts.withDefaults()
	result := &Result{Digest: root.Digest}
	if now, err := out.Resolve(ctx, out.Reference.Tag); err == nil && now.Digest == root.Digest {
		result.Unchanged = true
		return result, nil
	}
	task := opts.Progress.Begin("copy", -1)
	err := oras.CopyGraph(ctx, taskStorage{src, task}, out.Target, root, graphOptions(opts))
	task.End(err)
	if err != nil {
		return nil, err
	}
	manifest, err := remote.FetchSmall(ctx, out, root, remote.MaxManifest)
	if err != nil {
		return nil, err
	}
	return result, out.PushReference(ctx, root, bytes.NewReader(manifest), out.Reference.Tag)
}

func graphOptions(opts Options) oras.CopyGraphOptions {
	return oras.CopyGraphOptions{Concurrency: opts.Jobs, FindSuccessors: parts}
}

// parts returns what a manifest consists of. Unlike content.Successors it leaves out the subject, which is another image, and
// foreign layers, which everyone gets from their own place.
func parts(ctx context.Context, src content.Fetcher, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	if !isManifest(desc.MediaType) && !isIndex(desc.MediaType) {
		return nil, nil
	}
	data, err := remote.FetchSmall(ctx, src, desc, remote.MaxManifest)
	if err != nil {
		return nil, err
	}
	return partsOf(desc, data)
}

// partsOf is parts of a manifest that is at hand. Every descriptor that it returns is valid.
func partsOf(desc ocispec.Descriptor, data []byte) ([]ocispec.Descriptor, error) {
	var m struct {
		Manifests []ocispec.Descriptor `json:"manifests"`
		Config    ocispec.Descriptor   `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("manifest %s: %w: %w", desc.Digest, codec.ErrDamaged, err)
	}
	own := m.Manifests
	if isManifest(desc.MediaType) {
		own = []ocispec.Descriptor{m.Config}
		for _, layer := range m.Layers {
			if len(layer.URLs) == 0 {
				own = append(own, layer)
			}
		}
	}
	for _, d := range own {
		if err := checkDescriptor(d); err != nil {
			return nil, fmt.Errorf("manifest %s: %w: %w", desc.Digest, codec.ErrDamaged, err)
		}
	}
	return own, nil
}

// checkDescriptor refuses descriptors that no blob of an image can have.
func checkDescriptor(d ocispec.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return fmt.Errorf("digest %q: %w", d.Digest, err)
	}
	if d.Digest.Algorithm() != digest.SHA256 {
		return fmt.Errorf("digest %q: only sha256 is supported", d.Digest)
	}
	if d.Size < 0 {
		return fmt.Errorf("blob %s: a size of %d bytes", d.Digest, d.Size)
	}
	return nil
}

// taskStorage reports what is read from it.
type taskStorage struct {
	content.ReadOnlyStorage
	task Task
}

func (s taskStorage) Fetch(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	rc, err := s.ReadOnlyStorage.Fetch(ctx, desc)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", desc.Digest, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&taskReader{rc, s.task}, rc}, nil
}
