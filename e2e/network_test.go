package e2e

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestUsage(t *testing.T) {
	m := newMachine(t)
	m.refuse(exitUsage, nil, "push", "oci:only-one")
	m.refuse(exitUsage, nil, "pull", "--jobs", "many", "oci:a", "oci:b")
	m.refuse(exitUsage, nil, "fetch")
	m.refuse(exitUsage, []string{"no-host"}, "push", "oci:a", "no-host")
}

func TestNotFound(t *testing.T) {
	m, p := newMachine(t), dockerRegistry(t)
	m.refuse(exitNotFound, []string{"absent"}, "pull", p.tag("absent"), "oci:destination:v1")
	m.refuse(exitNotFound, []string{"absent"}, "push", "oci:absent:v1", p.tag("v1"))
	noImage(t, filepath.Join(m.home, "destination"))
}

// TestUnreachable names the host that nobody listens on.
func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	source, m := layoutOf(t, small()), newMachine(t)
	m.refuse(exitFailed, []string{host}, "push", "oci:"+source+":v1", host+"/app:v1")
	m.refuse(exitFailed, []string{host}, "pull", host+"/app:v1", "oci:destination:v1")
	noImage(t, filepath.Join(m.home, "destination"))
}

func TestUnauthorized(t *testing.T) {
	source, m, p := layoutOf(t, small()), newMachine(t), dockerRegistry(t)
	p.gate.set(func(g *gate) {
		g.handle = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("WWW-Authenticate", `Basic realm="members"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
	})
	m.refuse(exitUnauthorized, []string{p.gate.addr}, "push", "oci:"+source+":v1", p.tag("v1"))
	m.refuse(exitUnauthorized, []string{p.gate.addr}, "pull", p.tag("v1"))
}

// wire is what goes wrong on the way from a registry.
var wire = map[string]func(io.ReadCloser) io.ReadCloser{
	"a bit flipped": func(body io.ReadCloser) io.ReadCloser { return &flipped{ReadCloser: body} },
	"a connection cut": func(body io.ReadCloser) io.ReadCloser {
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(body, 100), brokenPipe{}), body}
	},
}

type flipped struct {
	io.ReadCloser
	done bool
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if n > 0 && !f.done {
		p[n/2] ^= 4
		f.done = true
	}
	return n, err
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestWire damages one kind of blob on its way, each time that it is sent.
func TestWire(t *testing.T) {
	long(t)
	source, p := layoutOf(t, small()), dockerRegistry(t)
	newMachine(t).must("push", "oci:"+source+":v1", p.tag("v1"))
	manifest := chunkedForm(t, p, "v1")
	kinds := map[string]map[digest.Digest]int64{
		"document": {manifest.Config.Digest: manifest.Config.Size},
		"index":    sizes(manifest, typeIndex),
		"recipe":   sizes(manifest, typeRecipe),
		"pack":     sizes(manifest, typePack),
	}
	for fault, damage := range wire {
		for kind, blobs := range kinds {
			t.Run(fault+" in a "+kind, func(t *testing.T) {
				t.Parallel() // they mostly wait, to try again
				g := newGate(t, p.gate.addr)
				g.set(func(g *gate) { g.corrupt = onlyBlobs(blobs, damage) })
				m, reference := newMachine(t), g.addr+"/team/app:v1"
				ended := m.run("pull", reference, "oci:destination:v1")
				if ended.code != exitDamaged && (ended.code != exitFailed || fault == "a bit flipped") {
					t.Errorf("exit code %d\n%s", ended.code, ended.stderr)
				}
				if !strings.Contains(ended.stderr, reference) {
					t.Errorf("it does not say which image:\n%s", ended.stderr)
				}
				noImage(t, filepath.Join(m.home, "destination"))

				g.set(func(g *gate) { g.corrupt = nil })
				m.must("pull", reference, "oci:destination:v1")
				sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
			})
		}
	}
}

// onlyBlobs damages the content of some blobs, when it is read.
func onlyBlobs(
	blobs map[digest.Digest]int64, damage func(io.ReadCloser) io.ReadCloser,
) func(*http.Request, io.ReadCloser) io.ReadCloser {
	return func(r *http.Request, body io.ReadCloser) io.ReadCloser {
		if d, _ := blobOf(r.URL.Path); r.Method == http.MethodGet && blobs[d] > 0 {
			return damage(body)
		}
		return body
	}
}
