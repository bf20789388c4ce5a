package transport

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	imagecopy "github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/pkg/docker/config"
	"github.com/containers/image/v5/types"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// registry is a registry that wants a password, and what a user may know of it.
type registry struct {
	*httptest.Server
	ref *Reference
}

func newRegistry(t *testing.T) registry {
	t.Helper()
	handler := registrytest.New(t.TempDir())
	handler.Require(registrytest.Access{User: "me", Password: "secret"})
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	transport := &Transport{Root: t.TempDir()}
	ref, err := transport.Parse("//" + server.Listener.Addr().String() + "/kube:v1")
	if err != nil {
		t.Fatal(err)
	}
	return registry{server, ref}
}

// login returns a SystemContext with the credentials.
func (r registry) login(t *testing.T) *types.SystemContext {
	t.Helper()
	sys := &types.SystemContext{AuthFilePath: filepath.Join(t.TempDir(), "auth.json")}
	if _, err := config.SetCredentials(sys, r.ref.ref.Host, "me", "secret"); err != nil {
		t.Fatal(err)
	}
	return sys
}

// push pushes an image, and opens it.
func (r registry) push(t *testing.T, sys *types.SystemContext) error {
	t.Helper()
	images := newImages(t)
	if err := move(t, r.ref, images.tagged(images.image("amd64")), imagecopy.Options{DestinationCtx: sys}); err != nil {
		return err
	}
	src, err := r.ref.Open(t.Context(), sys)
	if err != nil {
		return err
	}
	return src.Close()
}

func TestPassword(t *testing.T) {
	r := newRegistry(t)
	r.Start()
	stranger := &types.SystemContext{AuthFilePath: filepath.Join(t.TempDir(), "auth.json")}
	if err := r.push(t, stranger); !errors.Is(err, sealift.ErrUnauthorized) {
		t.Errorf("without a login: %v, want ErrUnauthorized", err)
	}
	sys := r.login(t)
	if err := r.push(t, sys); err != nil {
		t.Error(err)
	}
	sys.DockerInsecureSkipTLSVerify = types.OptionalBoolTrue
	if err := r.push(t, sys); err != nil {
		t.Errorf("in plain HTTP: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	r := newRegistry(t)
	r.StartTLS()
	sys := r.login(t)
	if err := r.push(t, sys); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: %v", err)
	}
	sys.DockerInsecureSkipTLSVerify = types.OptionalBoolTrue
	if err := r.push(t, sys); err != nil {
		t.Errorf("not verified: %v", err)
	}
	sys.DockerInsecureSkipTLSVerify = types.OptionalBoolFalse
	sys.DockerCertPath = t.TempDir()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(sys.DockerCertPath, "ca.crt"), block, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := r.push(t, sys); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
}
