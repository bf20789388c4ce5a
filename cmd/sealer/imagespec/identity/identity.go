// Package identity is that of image-spec 1.1.
package identity

import (
	"github.com/opencontainers/go-digest"

	"imagespec/new/identity"
)

// ChainID returns the ID of the last of layers.
func ChainID(layers []digest.Digest) digest.Digest { return identity.ChainID(layers) }

// ChainIDs replaces the digests of layers by their chain IDs, and returns them.
func ChainIDs(layers []digest.Digest) []digest.Digest { return identity.ChainIDs(layers) }
