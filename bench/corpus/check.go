package corpus

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// CheckImage checks that the layout in dir has the image root as tag, and reads all of its blobs.
func CheckImage(dir, tag string, root ocispec.Descriptor) error {
	found, err := Tagged(dir, tag)
	if err != nil {
		return err
	}
	if found.Digest != root.Digest {
		return fmt.Errorf("the manifest is %s, not %s", found.Digest, root.Digest)
	}
	encoded, err := os.ReadFile(BlobPath(dir, root.Digest))
	if err != nil {
		return err
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(encoded, &manifest); err != nil {
		return err
	}
	for _, desc := range append(manifest.Layers, manifest.Config, root) {
		if err := checkBlob(dir, desc); err != nil {
			return err
		}
	}
	return nil
}

func checkBlob(dir string, desc ocispec.Descriptor) error {
	blob, err := os.Open(BlobPath(dir, desc.Digest))
	if err != nil {
		return err
	}
	defer blob.Close()
	verifier := desc.Digest.Verifier()
	size, err := io.Copy(verifier, blob)
	if err != nil {
		return err
	}
	if !verifier.Verified() || size != desc.Size {
		return fmt.Errorf("blob %s is %d bytes with another content", desc.Digest, size)
	}
	return nil
}
