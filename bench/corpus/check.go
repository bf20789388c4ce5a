package corpus

import (
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
	manifest, err := Manifest(dir, root)
	if err != nil {
		return err
	}
	for _, desc := range append(manifest.Layers, manifest.Config, root) {
		if err := CheckFile(BlobPath(dir, desc.Digest), desc); err != nil {
			return err
		}
	}
	return nil
}

// CheckFile checks that a file is the blob desc.
func CheckFile(name string, desc ocispec.Descriptor) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	verifier := desc.Digest.Verifier()
	size, err := io.Copy(verifier, file)
	if err != nil {
		return err
	}
	if !verifier.Verified() || size != desc.Size {
		return fmt.Errorf("%s, of %d bytes, is not %s, of %d", name, size, desc.Digest, desc.Size)
	}
	return nil
}
