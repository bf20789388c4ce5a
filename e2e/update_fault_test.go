package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// updatable is a place that has two releases, the second one in deltas, and a machine that has the first.
func updatable(t *testing.T, open func(*testing.T) place) (source string, p place, m *machine) {
	t.Helper()
	source, p, m = softwareSeries(t, 2), open(t), newMachine(t)
	for _, tag := range []string{"v1", "v2"} {
		newMachine(t).must("push", "oci:"+source+":"+tag, p.tag(tag))
	}
	m.must("pull", p.tag("v1"))
	return source, p, m
}

// TestUpdateFromDamagedStore pulls, and pushes, an update with a store in which chunks of v1 are damaged: what is lost is
// fetched again.
func TestUpdateFromDamagedStore(t *testing.T) {
	update := func(t *testing.T, args func(source string, p place) []string) (source string, p place, m *machine) {
		t.Helper()
		source, p, m = updatable(t, dockerRegistry)
		m.damageStore()
		ended := m.run(args(source, p)...)
		ended.succeeded(t)
		if !strings.Contains(ended.stderr, "damaged") {
			t.Errorf("it does not say that the store is damaged:\n%s", ended.stderr)
		}
		return source, p, m
	}
	t.Run("pull", func(t *testing.T) {
		source, _, m := update(t, func(_ string, p place) []string {
			return []string{"pull", p.tag("v2"), "oci:destination:v2"}
		})
		sameImage(t, source, filepath.Join(m.home, "destination"), "v2")
	})
	t.Run("push", func(t *testing.T) {
		source, p, _ := update(t, func(source string, p place) []string {
			return []string{"push", "oci:" + source + ":v2", p.beside("other").tag("v2"), "--base", p.tag("v1")}
		})
		if len(sizes(chunkedForm(t, p.beside("other"), "v2"), typeDelta)) == 0 {
			t.Error("there are no deltas")
		}
		newMachine(t).pulled(p.beside("other"), source, "v2")
	})
}

// damageStore changes a byte of each of the store's packs.
func (m *machine) damageStore() {
	m.t.Helper()
	packs, err := filepath.Glob(filepath.Join(m.home, "data", "sealift", "store", "packs", "*"))
	if err != nil || len(packs) == 0 {
		m.t.Fatalf("the store has no packs: %v", err)
	}
	for _, name := range packs {
		content, err := os.ReadFile(name)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(name, flip(content), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
}

// TestUpdateFromDamagedDelta damages the deltas where the remote keeps them. Once they are mended, the update goes on.
func TestUpdateFromDamagedDelta(t *testing.T) {
	everywhereUpdatable(t, func(t *testing.T, source string, p place, m *machine) {
		for d := range sizes(chunkedForm(t, p, "v2"), typeDelta) {
			whole, err := os.ReadFile(p.file(d))
			if err != nil {
				t.Fatal(err)
			}
			refused := func(code int) {
				t.Helper()
				m.refuse(code, []string{p.tag("v2"), d.Encoded()}, "pull", p.tag("v2"), "oci:destination:v2")
				m.refuse(code, []string{p.tag("v2"), d.Encoded()}, "verify", p.tag("v2"))
				if desc, err := corpus.Tagged(filepath.Join(m.home, "destination"), "v2"); err == nil {
					t.Errorf("the destination has %s as v2", desc.Digest)
				}
			}
			for _, change := range []func([]byte) []byte{flip, truncate} {
				rewrite(t, p.file(d), change(bytes.Clone(whole)))
				refused(exitDamaged)
			}
			if err := os.Remove(p.file(d)); err != nil {
				t.Fatal(err)
			}
			refused(exitNotFound)
			rewrite(t, p.file(d), whole)
		}
		m.must("pull", p.tag("v2"), "oci:destination:v2")
		sameImage(t, source, filepath.Join(m.home, "destination"), "v2")
	})
}

func everywhereUpdatable(t *testing.T, test func(t *testing.T, source string, p place, m *machine)) {
	for _, kind := range places {
		t.Run(kind.name, func(t *testing.T) {
			source, p, m := updatable(t, kind.open)
			test(t, source, p, m)
		})
	}
}

// TestUpdateFromAnotherDelta has a delta that is not what was pushed, in an image of which all digests are right.
func TestUpdateFromAnotherDelta(t *testing.T) {
	source, good, m := updatable(t, directory)
	_, bad, _ := updatable(t, directory)
	image := load(t, bad, "v2")
	delta := image.first(typeDelta)
	image.reindex(delta, flip(image.read(delta)))
	image.commit("v2")

	m.refuse(exitDamaged, []string{image.first(typeDelta).Digest.Encoded()}, "verify", bad.tag("v2"))
	m.refuse(exitDamaged, []string{bad.tag("v2")}, "pull", bad.tag("v2"), "oci:destination:v2")
	if desc, err := corpus.Tagged(filepath.Join(m.home, "destination"), "v2"); err == nil {
		t.Errorf("the destination has %s as v2", desc.Digest)
	}
	m.must("pull", good.tag("v2"), "oci:destination:v2")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v2")
}

// TestUpdateAfterGarbageCollection deletes the first release, and collects garbage: the second one keeps what it needs, for a
// machine that has nothing and for the push of a third.
func TestUpdateAfterGarbageCollection(t *testing.T) {
	source, p := softwareSeries(t, releases), dockerRegistry(t)
	pushAll(t, newMachine(t), source, p, 2)
	gone := chunkedForm(t, p, "v1").Config.Digest
	if err := p.server.Untag("team/app", "v1"); err != nil {
		t.Fatal(err)
	}
	if err := p.server.CollectGarbage(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.file(gone)); err == nil {
		t.Fatal("no garbage was collected")
	}
	newMachine(t).pulled(p, source, "v2")
	sent := newMachine(t).must("push", "oci:"+source+":v3", p.tag("v3")).SentBytes
	if size := sizes(chunkedForm(t, p, "v2"), typePack); len(size) == 0 || sent > sum(size)/4 {
		t.Errorf("%d bytes were sent for v3, though %d of v2 are there", sent, sum(size))
	}
	newMachine(t).pulled(p, source, "v3")
}

func sum[K comparable](sizes map[K]int64) (n int64) {
	for _, size := range sizes {
		n += size
	}
	return n
}

// TestTwoPushesAtOnce runs a second push with the same store while a first one waits to write its manifest.
func TestTwoPushesAtOnce(t *testing.T) {
	source, p, m := softwareSeries(t, 2), dockerRegistry(t), newMachine(t)
	first, second := p.beside("first"), p.beside("second")
	for _, p := range []place{first, second} {
		m.must("push", "oci:"+source+":v1", p.tag("v1"))
	}
	waiting, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.gate.set(func(g *gate) {
		g.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "-first/manifests/v2") {
				once.Do(func() { close(waiting) })
				<-goOn
			}
			return false
		}
	})
	running := m.start("push", "oci:"+source+":v2", first.tag("v2"), "--format", "json")
	<-waiting
	m.must("push", "oci:"+source+":v2", second.tag("v2"))
	close(goOn)
	running.done()
	for _, p := range []place{first, second} {
		if len(sizes(chunkedForm(t, p, "v2"), typeDelta)) == 0 {
			t.Errorf("%s has no deltas", p.tag("v2"))
		}
		newMachine(t).pulled(p, source, "v2")
	}
}

// TestPushWithoutStore pushes an update where nothing can be written to the store: it has to do without.
func TestPushWithoutStore(t *testing.T) {
	source, p := softwareSeries(t, 2), dockerRegistry(t)
	for name, make := range map[string]func(t *testing.T) string{
		"a full disk":      func(t *testing.T) string { return smallDisk(t, "1m") },
		"a read-only disk": readOnlyDisk,
		"no directory": func(t *testing.T) string {
			file := filepath.Join(t.TempDir(), "file")
			rewrite(t, file, nil)
			return file
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, other := newMachine(t), p.beside(strings.ReplaceAll(name, " ", "-"))
			dir := filepath.Join(make(t), "store")
			m.must("push", "oci:"+source+":v1", other.tag("v1"))
			ended := m.run("push", "--store", dir, "oci:"+source+":v2", other.tag("v2"))
			ended.succeeded(t)
			if !strings.Contains(ended.stderr, dir) {
				t.Errorf("it does not say that %s cannot be used:\n%s", dir, ended.stderr)
			}
			newMachine(t).pulled(other, source, "v2")
		})
	}
}

// readOnlyDisk mounts a file system that cannot be written to.
func readOnlyDisk(t *testing.T) string {
	t.Helper()
	dir := smallDisk(t, "1m")
	mount(t, "-o", "remount,ro", dir)
	return dir
}

// TestUpdateOverABadWire damages deltas on their way, each time that they are sent.
func TestUpdateOverABadWire(t *testing.T) {
	long(t)
	source, p, _ := updatable(t, dockerRegistry)
	deltas := sizes(chunkedForm(t, p, "v2"), typeDelta)
	for fault, damage := range wire {
		t.Run(fault, func(t *testing.T) {
			t.Parallel() // they mostly wait, to try again
			g, m := newGate(t, p.gate.addr), newMachine(t)
			g.set(func(g *gate) { g.corrupt = onlyBlobs(deltas, damage) })
			behind := place{prefix: g.addr + "/team/app", gate: g}
			m.must("pull", behind.tag("v1"))
			ended := m.run("pull", behind.tag("v2"), "oci:destination:v2")
			if ended.code != exitDamaged && (ended.code != exitFailed || fault == "a bit flipped") {
				t.Errorf("exit code %d\n%s", ended.code, ended.stderr)
			}
			if !strings.Contains(ended.stderr, behind.tag("v2")) {
				t.Errorf("it does not say which image:\n%s", ended.stderr)
			}
			g.set(func(g *gate) { g.corrupt = nil })
			m.pulled(behind, source, "v2")
		})
	}
}
