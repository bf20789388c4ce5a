package remote

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// dockerConfig makes a Docker configuration for the test, and returns its directory.
func dockerConfig(t *testing.T, content string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "docker")
	t.Setenv("DOCKER_CONFIG", dir)
	if content != "" {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLogin(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		reg, host := registrytest.Start(t)
		reg.Require(registrytest.Access{User: "me", Password: secret, Bearer: bearer})
		dir := dockerConfig(t, "")
		t.Setenv("PATH", "") // no credential helpers
		opts := testOptions()
		opts.Credentials = nil

		if err := Login(t.Context(), host, "me", "wrong-"+secret, opts); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("wrong password: %v; want ErrUnauthorized", err)
		} else {
			hidesSecret(t, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			t.Error("a wrong password was stored")
		}
		if err := Login(t.Context(), host, "me", secret, opts); err != nil {
			t.Fatal(err)
		}
		pushImage(t, openTestTarget(t, host+"/a", opts), "v1")

		if err := Logout(t.Context(), host); err != nil {
			t.Fatal(err)
		}
		if _, err := openTestTarget(t, host+"/a", opts).Resolve(t.Context(), "v1"); !errors.Is(err, ErrUnauthorized) {
			t.Errorf("after the logout: %v; want ErrUnauthorized", err)
		}
		if err := Logout(t.Context(), host); !errors.Is(err, ErrNotFound) {
			t.Errorf("logout without login: %v; want ErrNotFound", err)
		}
	}
}

func TestLoginErrors(t *testing.T) {
	dockerConfig(t, "")
	for _, c := range []struct {
		host, user, secret string
		want               error
	}{
		{"", "me", secret, ErrReference},
		{"https://example.com", "me", secret, ErrReference},
		{"me:" + secret + "@example.com", "me", secret, ErrReference},
		{"example.com/a", "me", secret, ErrReference},
		{unusedPort(t), "me", secret, ErrUnreachable},
		{"example.com", "", secret, ErrUnauthorized},
		{"example.com", "me", "", ErrUnauthorized},
	} {
		err := Login(t.Context(), c.host, c.user, c.secret, testOptions())
		if !errors.Is(err, c.want) {
			t.Errorf("%q: %v; want %v", c.host, err, c.want)
		}
		hidesSecret(t, err)
	}
	if err := Logout(t.Context(), "example.com/a"); !errors.Is(err, ErrReference) {
		t.Errorf("logout: %v; want ErrReference", err)
	}
}

// TestCredentialHelper has a helper program give the password, as a Docker configuration can say.
func TestCredentialHelper(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the helper is a shell script")
	}
	reg, host := registrytest.Start(t)
	reg.Require(registrytest.Access{User: "me", Password: secret})
	dockerConfig(t, `{"credHelpers": {"`+host+`": "sealifttest"}}`)
	bin := t.TempDir()
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	helper := "#!/bin/sh\nread host\necho '{\"ServerURL\":\"'$host'\",\"Username\":\"me\",\"Secret\":\"" + secret + "\"}'\n"
	if err := os.WriteFile(filepath.Join(bin, "docker-credential-sealifttest"), []byte(helper), 0o755); err != nil {
		t.Fatal(err)
	}
	opts := testOptions()
	opts.Credentials = nil
	pushImage(t, openTestTarget(t, host+"/a", opts), "v1")
}

func TestBrokenDockerConfig(t *testing.T) {
	reg, host := registrytest.Start(t)
	dir := dockerConfig(t, `{"auths": [`+secret)
	opts := testOptions()
	opts.Credentials = nil
	pushImage(t, openTestTarget(t, host+"/a", opts), "v1") // nobody asks for credentials
	reg.Require(registrytest.Access{User: "me", Password: secret})
	_, err := openTestTarget(t, host+"/a", opts).Resolve(t.Context(), "v1")
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v; want the name of the configuration", err)
	}
	hidesSecret(t, err)
}
