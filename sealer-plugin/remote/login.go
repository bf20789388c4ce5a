package remote

import (
	"context"
	"fmt"
	"strings"

	oras "oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// loginStore makes a login end up where docker login puts it: with a credential helper if there is one.
var loginStore = credentials.StoreOptions{AllowPlaintextPut: true, DetectDefaultNativeStore: true}

// Login has the registry at host validate the credentials of user, and stores them as docker login does: with the
// credential helper that the Docker configuration names, or in that configuration itself.
func Login(ctx context.Context, host, user, secret string, opts Options) error {
	reg, err := namedRegistry(host)
	if err != nil {
		return err
	}
	if user == "" || secret == "" {
		return registryError(host, "log in", fmt.Errorf("%w: a user name and a password are needed", ErrUnauthorized))
	}
	store, err := dockerStore(loginStore)
	if err != nil {
		return registryError(host, "log in", err)
	}
	c := newClient(ctx, host, opts)
	defer c.transport.CloseIdleConnections()
	reg.Client, reg.PlainHTTP = c.Client, c.plainHTTP
	return registryError(host, "log in", credentials.Login(ctx, store, reg, auth.Credential{Username: user, Password: secret}))
}

// Logout removes what Login stored. ErrNotFound says that there are no credentials of host.
func Logout(ctx context.Context, host string) error {
	reg, err := namedRegistry(host)
	if err != nil {
		return err
	}
	store, err := dockerStore(loginStore)
	if err != nil {
		return localError(host, "log out", err)
	}
	found, err := store.Get(ctx, credentials.ServerAddressFromRegistry(reg.Reference.Registry))
	if err == nil && found == auth.EmptyCredential {
		err = fmt.Errorf("credentials %w", ErrNotFound)
	}
	if err == nil {
		err = credentials.Logout(ctx, store, reg.Reference.Registry)
	}
	return localError(host, "log out", err)
}

func namedRegistry(host string) (*oras.Registry, error) {
	reg, err := oras.NewRegistry(host)
	if err != nil || strings.ContainsAny(host, "/@") {
		return nil, fmt.Errorf("%w: %q is not a registry; want HOST[:PORT]", ErrReference, hideLogin(host))
	}
	if reg.Reference.Registry == "index.docker.io" {
		reg.Reference.Registry = "docker.io"
	}
	return reg, nil
}
