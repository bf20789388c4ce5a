package transport

import (
	"context"
	"io"

	"github.com/containers/image/v5/manifest"
	"github.com/containers/image/v5/pkg/blobinfocache/none"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/containers/storage/pkg/archive"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layers reads a layer.
type layers func(context.Context, ocispec.Descriptor) (io.ReadCloser, error)

// layersOf returns what reads the layers of src. GetBlob of containers-storage writes each to a temporary file, of the
// size of the whole layer, before it gives the first byte: layers of store, unless it is nil, are read where they lie.
// Until such a reader is closed, the store is locked against changes.
func layersOf(src types.ImageSource, store storage.Store) layers {
	return func(ctx context.Context, desc ocispec.Descriptor) (io.ReadCloser, error) {
		if id := bareLayer(store, desc.Digest); id != "" {
			bare := archive.Uncompressed
			return store.Diff("", id, &storage.DiffOptions{Compression: &bare})
		}
		rc, _, err := src.GetBlob(ctx, manifest.BlobInfoFromOCI1Descriptor(desc), none.NoCache)
		return rc, err
	}
}

// bareLayer returns the ID of a layer of store whose bare tar has the digest d, or "".
func bareLayer(store storage.Store, d digest.Digest) string {
	if store == nil {
		return ""
	}
	found, err := store.LayersByUncompressedDigest(d)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0].ID
}
