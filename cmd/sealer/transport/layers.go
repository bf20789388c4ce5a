package transport

import (
	"context"
	"io"

	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/pkg/blobinfocache/none"
	containers "github.com/containers/image/v5/storage"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/archive"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layers are those of an image source. GetBlob of containers-storage writes each to a temporary file, of the size of
// the whole layer, before it gives the first byte: layers of store are read where they lie. Until such a reader is
// closed, the store is locked against changes.
type layers struct {
	src   types.ImageSource
	store storage.Store // nil if src is elsewhere
}

func layersOf(src types.ImageSource, store storage.Store) layers {
	if src.Reference().Transport().Name() != containers.Transport.Name() {
		store = nil
	}
	return layers{src, store}
}

// open opens a layer.
func (l layers) open(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
	if id := l.bare(desc.Digest); id != "" {
		uncompressed := archive.Uncompressed
		return l.store.Diff("", id, &storage.DiffOptions{Compression: &uncompressed})
	}
	rc, _, err := l.src.GetBlob(ctx, manifest.BlobInfoFromOCI1Descriptor(desc), none.NoCache)
	return rc, err
}

// bare returns the ID of a layer of the store whose tar has the digest d, or "".
func (l layers) bare(d digest.Digest) string {
	if l.store == nil {
		return ""
	}
	found, err := l.store.LayersByUncompressedDigest(d)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0].ID
}

// manifest returns the manifest that the image with a config has in the store, or nil.
func (l layers) manifest(config digest.Digest) []byte {
	if l.store == nil {
		return nil
	}
	data, err := l.store.ImageBigData(config.Encoded(), storage.ImageDigestBigDataKey)
	if err != nil {
		return nil
	}
	return data
}
