package transport

import (
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// DefaultRoot returns the directory for what is kept between commands: that of environment variable SEALIFT_ROOT, else
// /var/lib/sealift for root, else sealift under the user's data directory.
func DefaultRoot() string {
	switch root := os.Getenv("SEALIFT_ROOT"); {
	case root != "":
		return root
	case os.Geteuid() == 0:
		return "/var/lib/sealift"
	}
	return filepath.Join(xdg.DataHome, "sealift")
}

// scratch returns the directory of the chunk store that a pull goes through, by which the next pull of the same
// reference goes on where one was interrupted.
func (r *Reference) scratch() string {
	root := r.transport.Root
	if root == "" {
		root = DefaultRoot()
	}
	return filepath.Join(root, "pulls", digest.FromString(r.absolute().String()).Encoded())
}

// absolute returns the reference as it is called from every directory.
func (r *Reference) absolute() remote.Reference {
	ref := r.ref
	if ref.Transport != remote.TransportRegistry {
		if path, err := filepath.Abs(ref.Path); err == nil {
			ref.Path = path
		}
	}
	return ref
}
