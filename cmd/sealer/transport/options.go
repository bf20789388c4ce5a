package transport

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/containers/image/v5/pkg/docker/config"
	"github.com/containers/image/v5/types"
	"github.com/opencontainers/go-digest"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// DefaultRoot returns the directory for what pulls have begun: that of environment variable SEALIFT_ROOT, else
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

// options returns the transport's options with what sys says about registries.
func (r *Reference) options(sys *types.SystemContext) sealift.Options {
	o := r.transport.Options
	o.Remote.Credentials = r.credentials(sys)
	o.Remote.Insecure = sys != nil && sys.DockerInsecureSkipTLSVerify == types.OptionalBoolTrue
	return o
}

// credentials looks up the credentials for the reference's registry where sys says.
func (r *Reference) credentials(sys *types.SystemContext) auth.CredentialFunc {
	if r.name == nil {
		return nil
	}
	host := orasregistry.Reference{Registry: r.ref.Host}.Host()
	return func(_ context.Context, asked string) (auth.Credential, error) {
		if asked != host {
			return auth.EmptyCredential, nil
		}
		found, err := config.GetCredentialsForRef(sys, r.name)
		if err != nil {
			return auth.EmptyCredential, fmt.Errorf("credentials for %s: %w", r.ref.Host, err)
		}
		return auth.Credential{Username: found.Username, Password: found.Password, RefreshToken: found.IdentityToken}, nil
	}
}

// scratch returns the directory of the chunk store that a pull goes through, by which the next pull of the same reference
// goes on where one was interrupted.
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
