package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/containers/image/v5/pkg/docker/config"
	"github.com/containers/image/v5/pkg/tlsclientconfig"
	"github.com/containers/image/v5/types"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// probeTimeout bounds the time in which a registry must say whether it speaks TLS.
const probeTimeout = 10 * time.Second

// options returns the transport's options with what sys says about registries: credentials and certificates are found
// where transport docker finds them, and a registry that need not be verified may also speak plain HTTP.
func (r *Reference) options(ctx context.Context, sys *types.SystemContext) (sealift.Options, error) {
	o := r.transport.Options
	if r.name == nil {
		return o, nil
	}
	o.Remote.Credentials = r.credentials(sys)
	o.Remote.TLS = new(tls.Config)
	dir, err := certificates(sys, r.ref.Host)
	if err == nil && dir != "" {
		err = tlsclientconfig.SetupCertificates(dir, o.Remote.TLS)
	}
	if err != nil {
		return o, fmt.Errorf("certificates for %s: %w", r.ref.Host, err)
	}
	o.Remote.Insecure = sys != nil && sys.DockerInsecureSkipTLSVerify == types.OptionalBoolTrue
	o.Remote.PlainHTTP = o.Remote.Insecure && !speaksTLS(ctx, r.ref.Host)
	return o, nil
}

// credentials looks up the credentials for the reference's registry where sys says.
func (r *Reference) credentials(sys *types.SystemContext) auth.CredentialFunc {
	host := orasregistry.Reference{Registry: r.ref.Host}.Host()
	return func(_ context.Context, asked string) (auth.Credential, error) {
		if asked != host {
			return auth.EmptyCredential, nil
		}
		found, err := config.GetCredentialsForRef(sys, r.name)
		if err != nil {
			return auth.EmptyCredential, fmt.Errorf("credentials for %s: %w", r.ref.Host, err)
		}
		return auth.Credential{
			Username: found.Username, Password: found.Password, RefreshToken: found.IdentityToken,
		}, nil
	}
}

// certificates returns the directory with the certificates for a host, or "".
func certificates(sys *types.SystemContext, host string) (string, error) {
	if sys != nil && sys.DockerCertPath != "" {
		return sys.DockerCertPath, nil
	}
	parents := []string{"/etc/containers/certs.d", "/etc/docker/certs.d"}
	if home, err := os.UserHomeDir(); err == nil {
		parents = append([]string{filepath.Join(home, ".config", "containers", "certs.d")}, parents...)
	}
	for _, parent := range parents {
		dir := filepath.Join(parent, host)
		_, err := os.Stat(dir)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return "", err
		}
	}
	return "", nil
}

// speaksTLS says whether a TLS handshake with host comes to an end.
func speaksTLS(ctx context.Context, host string) bool {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "443")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
