package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/registry"
	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// place is where chunked images are pushed to.
type place struct {
	prefix string                     // of a reference: what comes before ":TAG"
	gate   *gate                      // before the registry; nil before a directory
	file   func(digest.Digest) string // where it keeps a blob; nil if not in a file
	server *registry.Registry         // nil if that is not what it is
}

func (p place) tag(tag string) string { return p.prefix + ":" + tag }

// beside returns another repository of the same registry.
func (p place) beside(name string) place {
	p.prefix += "-" + name
	return p
}

// places are the kinds of remotes that everything must work with.
var places = []struct {
	name string
	open func(*testing.T) place
}{
	{"docker-registry", dockerRegistry},
	{"docker-registry without Range", func(t *testing.T) place {
		p := dockerRegistry(t)
		p.gate.set(func(g *gate) { g.ignoreRange = true })
		return p
	}},
	{"in-process registry", inProcess},
	{"directory", directory},
}

// everywhere runs the test against each kind of place.
func everywhere(t *testing.T, test func(*testing.T, place)) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) { test(t, p.open(t)) })
	}
}

// dockerRegistry is Debian's registry.
func dockerRegistry(t *testing.T) place {
	t.Helper()
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Fatal("no docker-registry in PATH: `make test-e2e` installs it")
	}
	server, err := registry.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	g := newGate(t, server.Addr)
	return place{prefix: g.addr + "/team/app", gate: g, server: server, file: func(d digest.Digest) string {
		return filepath.Join(server.Dir, "docker/registry/v2/blobs/sha256", d.Encoded()[:2], d.Encoded(), "data")
	}}
}

// inProcess is the registry that the library's own tests use.
func inProcess(t *testing.T) place {
	t.Helper()
	server, host := registrytest.Start(t)
	g := newGate(t, host)
	return place{prefix: g.addr + "/team/app", gate: g, file: server.BlobFile}
}

// directory is an OCI layout.
func directory(t *testing.T) place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "remote")
	return place{prefix: "oci:" + dir, file: func(d digest.Digest) string { return corpus.BlobPath(dir, d) }}
}
