package remote

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

func TestDockerRegistry(t *testing.T) {
	host := registrytest.StartDocker(t, t.TempDir(), "")
	testTarget(t, testOptions(), func(t *testing.T) string { return host + "/test/" + repositoryName(t) })
}

// TestDockerRegistryWithPassword logs in as a user would.
func TestDockerRegistryWithPassword(t *testing.T) {
	const bcrypted = "$2a$04$lqndgNYFsxKNE1nvzB4WjOW7XZ23Vz1wzAsATH1whLhqtWHgNnjSC" // of the secret
	users := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(users, []byte("me:"+bcrypted+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	host := registrytest.StartDocker(t, t.TempDir(), "auth: {htpasswd: {realm: test, path: '"+users+"'}}")
	dockerConfig(t, "")
	opts := testOptions()
	opts.Credentials = nil
	dst := openTestTarget(t, host+"/a", opts)
	if _, err := dst.Resolve(t.Context(), "v1"); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("without a login: %v; want ErrUnauthorized", err)
	}
	if err := Login(t.Context(), host, "me", secret, opts); err != nil {
		t.Fatal(err)
	}
	dst = openTestTarget(t, host+"/a", opts)
	manifest, layer := pushImage(t, dst, "v1")
	mustFetch(t, dst, manifest)
	mustFetch(t, dst, layer)
}

// TestDockerRegistryMounts takes a blob over from another repository, without sending it.
func TestDockerRegistryMounts(t *testing.T) {
	host := registrytest.StartDocker(t, t.TempDir(), "")
	opts := testOptions()
	b := randomBlob(t, 200_000)
	mustPush(t, openTestTarget(t, host+"/from", opts), b)
	dst := openTestTarget(t, host+"/to", opts)
	sent := opts.Meter.Snapshot().Sent
	if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, host+"/from")); err != nil {
		t.Fatal(err)
	}
	if got := opts.Meter.Snapshot().Sent; got != sent {
		t.Errorf("%d bytes were sent", got-sent)
	}
	mustFetch(t, dst, b)
}
