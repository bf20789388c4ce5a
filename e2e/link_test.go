//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/registry"
	"github.com/sealift/sealift/bench/wan"
)

// The link of TestUpdateOverALink: 10 MB/s, and 25 ms each way, so 50 ms until an answer comes.
const (
	linkRate  = 10_000_000
	linkDelay = 25 * time.Millisecond
)

// TestUpdateOverALink updates a machine from a registry at another site. What passes the link is counted there, packet by packet.
func TestUpdateOverALink(t *testing.T) {
	long(t)
	if os.Getuid() != 0 {
		t.Skip("only root can make network namespaces, and lay a link between them")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("no ip in PATH, which lays the link: `make test-e2e` installs it")
	}
	link, err := wan.Lay(linkRate, linkDelay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	})
	var server *registry.Registry
	if err := link.Far.Do(func() (err error) {
		server, err = registry.StartAt(t.Context(), t.TempDir(), link.Far.Addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	source := softwareSeries(t, 2)
	update := func(repository string, options ...string) (received int64) {
		t.Helper()
		p := place{prefix: server.Addr + repository}
		pushing, pulling := newMachine(t), newMachine(t)
		for _, tag := range []string{"v1", "v2"} {
			pushing.at(link.Near, append([]string{"push", "oci:" + source + ":" + tag, p.tag(tag)}, options...)...)
		}
		pulling.at(link.Near, "pull", p.tag("v1"))
		before := link.Near.Received()
		r := pulling.at(link.Near, "pull", p.tag("v2"), "oci:destination:v2")
		received = link.Near.Received() - before
		sameImage(t, source, filepath.Join(pulling.home, "destination"), "v2")
		t.Logf("after a push %v: %d bytes received, in %d requests and %.2f s", options, received, r.Requests, r.Seconds)
		return received
	}
	with, without := update("/with/deltas"), update("/without/deltas", "--no-delta")
	if with > without/3 {
		t.Errorf("%d bytes were received, without deltas %d", with, without)
	}
}

// at runs a push or a pull, which has to succeed, at a site.
func (m *machine) at(site *wan.Site, args ...string) result {
	m.t.Helper()
	p := m.command(append(args, "--plain-http", "--format", "json")...)
	if err := site.Do(p.Start); err != nil {
		m.t.Fatal(err)
	}
	return p.done()
}
