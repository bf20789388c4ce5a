package remote

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// secret is a password that must never be seen.
const secret = "hunter2-very-secret"

// withPassword are test options with the credentials that registries of these tests want.
func withPassword() Options {
	opts := testOptions()
	opts.Credentials = func(context.Context, string) (auth.Credential, error) {
		return auth.Credential{Username: "me", Password: secret}, nil
	}
	return opts
}

// serve starts a registry, and returns it with a function that names an empty repository in it.
func serve(t *testing.T) (*registrytest.Registry, func(*testing.T) string) {
	reg, host := registrytest.Start(t)
	return reg, func(t *testing.T) string { return host + "/test/" + repositoryName(t) }
}

// repositoryName is the test's name as a repository can have it.
func repositoryName(t *testing.T) string {
	return strings.NewReplacer("_", "-", "#", "", ",", "").Replace(strings.ToLower(t.Name()))
}

func TestRegistryTarget(t *testing.T) {
	_, fresh := serve(t)
	testTarget(t, testOptions(), fresh)
}

func TestRegistryWithPassword(t *testing.T) {
	reg, fresh := serve(t)
	reg.Require(registrytest.Access{User: "me", Password: secret})
	testTarget(t, withPassword(), fresh)
}

func TestRegistryWithTokens(t *testing.T) {
	reg, fresh := serve(t)
	reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: true})
	testTarget(t, withPassword(), fresh)
}

func TestRegistryWithStorageElsewhere(t *testing.T) {
	reg, fresh := serve(t)
	reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: true})
	storage := httptest.NewServer(reg.Storage())
	t.Cleanup(storage.Close)
	reg.Fail(func(f *registrytest.Faults) { f.Redirect = storage.URL })
	testTarget(t, withPassword(), fresh)
}

func TestLayoutTarget(t *testing.T) {
	testTarget(t, testOptions(), func(t *testing.T) string { return "oci:" + filepath.Join(t.TempDir(), "new", "layout") })
}

func TestArchiveTarget(t *testing.T) {
	testTarget(t, testOptions(), func(t *testing.T) string { return "oci-archive:" + filepath.Join(t.TempDir(), "image.tar") })
}
