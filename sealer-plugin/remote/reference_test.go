package remote

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

const someDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParseReference(t *testing.T) {
	registry := func(host, repository, tag string, d digest.Digest) Reference {
		return Reference{Transport: TransportRegistry, Host: host, Repository: repository, Tag: tag, Digest: d}
	}
	path := func(transport, path, tag string, d digest.Digest) Reference {
		return Reference{Transport: transport, Path: path, Tag: tag, Digest: d}
	}
	for in, want := range map[string]Reference{
		"127.0.0.1:5000/kube":                    registry("127.0.0.1:5000", "kube", "", ""),
		"127.0.0.1:5000/kube:v2":                 registry("127.0.0.1:5000", "kube", "v2", ""),
		"[::1]:5000/kube:v2":                     registry("[::1]:5000", "kube", "v2", ""),
		"localhost/a/b/c":                        registry("localhost", "a/b/c", "", ""),
		"ghcr.io/labring/kube:v1.28.0":           registry("ghcr.io", "labring/kube", "v1.28.0", ""),
		"ghcr.io/labring/kube@" + someDigest:     registry("ghcr.io", "labring/kube", "", someDigest),
		"ghcr.io/kube:v1@" + someDigest:          registry("ghcr.io", "kube", "v1", someDigest),
		"docker.io/alpine:3.20":                  registry("docker.io", "library/alpine", "3.20", ""),
		"index.docker.io/me/app":                 registry("docker.io", "me/app", "", ""),
		"oci:dir":                                path(TransportOCI, "dir", "", ""),
		"oci:/media/stick/images:v2":             path(TransportOCI, "/media/stick/images", "v2", ""),
		"oci:./a@b:v2@" + someDigest:             path(TransportOCI, "./a@b", "v2", someDigest),
		"oci:dir@" + someDigest:                  path(TransportOCI, "dir", "", someDigest),
		"oci:dir:docker.io/library/alpine:3.20":  path(TransportOCI, "dir", "docker.io/library/alpine:3.20", ""),
		`oci:C:\images:v2`:                       path(TransportOCI, `C:\images`, "v2", ""),
		"oci:d:/images":                          path(TransportOCI, "d:/images", "", ""),
		"oci:d:images":                           path(TransportOCI, "d", "images", ""),
		"oci-archive:/tmp/a.tar":                 path(TransportOCIArchive, "/tmp/a.tar", "", ""),
		"oci-archive:a.tar:v1":                   path(TransportOCIArchive, "a.tar", "v1", ""),
		"docker-archive:a.tar":                   path(TransportDockerArchive, "a.tar", "", ""),
		"docker-archive:a.tar:busybox:1.36":      path(TransportDockerArchive, "a.tar", "busybox:1.36", ""),
		"docker-archive:a.tar:ghcr.io/x/y:1.36":  path(TransportDockerArchive, "a.tar", "ghcr.io/x/y:1.36", ""),
		"example.com/a_b/c.d-e__f:Tag_1.0-x":     registry("example.com", "a_b/c.d-e__f", "Tag_1.0-x", ""),
		"registry.example.com:443/x:sha256-1234": registry("registry.example.com:443", "x", "sha256-1234", ""),
	} {
		got, err := ParseReference(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestParseReferenceErrors(t *testing.T) {
	for in, reason := range map[string]string{
		"":                                 "no registry host",
		"alpine":                           "no registry host",
		"alpine:3.20":                      "no registry host",
		"library/alpine":                   "no registry host",
		"localhost":                        "no registry host",
		"example.com/":                     "no repository",
		"example.com/Upper":                "lowercase",
		"example.com/a:":                   "not valid",
		"example.com/a:b:c":                "not valid",
		"example.com/a b":                  "not valid",
		"example.com/a@sha256:1234":        "not valid",
		"https://example.com/a":            "not valid",
		"user:pass@example.com/a":          "not valid",
		"containers-storage:example.com/a": "not valid",
		"oci:":                             "no path",
		"oci::v1":                          "no path",
		"oci:dir:":                         "invalid tag",
		"oci:dir:a b":                      "invalid tag",
		"oci:dir@sha256:1234":              "invalid digest",
		"oci:@" + someDigest:               "no path",
		"oci:a\x00b":                       "zero byte",
		"docker-archive:a.tar:":            "invalid tag",
	} {
		got, err := ParseReference(in)
		if !errors.Is(err, ErrReference) {
			t.Errorf("%q: %v, %v; want ErrReference", in, got, err)
			continue
		}
		if !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), "oci:DIR") {
			t.Errorf("%q: %q; want %q and the accepted forms", in, err, reason)
		}
	}
}

func TestReferenceErrorHidesPassword(t *testing.T) {
	for _, in := range []string{"user:secret@example.com/a", "https://user:secret@example.com/a", "https://example.com/a?key=secret"} {
		if _, err := ParseReference(in); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestReferenceName(t *testing.T) {
	for in, want := range map[string]string{
		"example.com/a":                  "",
		"example.com/a:v1":               "v1",
		"example.com/a:v1@" + someDigest: someDigest,
	} {
		ref, err := ParseReference(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := ref.Name(); got != want {
			t.Errorf("%q: name %q, want %q", in, got, want)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, seed := range []string{
		"127.0.0.1:5000/kube:v2@" + someDigest, "oci:C:\\a:b", "oci-archive:a.tar:v1", "docker-archive:x:busybox:1", "docker.io/alpine",
		"oci:a:b@" + someDigest + "@" + someDigest, "[::1]/a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseReference(s)
		if err != nil {
			if !errors.Is(err, ErrReference) {
				t.Fatalf("%q: error of another kind: %v", s, err)
			}
			return
		}
		again, err := ParseReference(ref.String())
		if err != nil || again != ref {
			t.Fatalf("%q: %+v reads back as %+v, %v", s, ref, again, err)
		}
	})
}
