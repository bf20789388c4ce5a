package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// TestDamagedSource pushes images of which a layer is not what its digest says: nothing may be tagged.
func TestDamagedSource(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{"truncated": truncate, "of other content": flip} {
		for _, encoding := range []corpus.Encoding{corpus.Uncompressed, corpus.Gzip} {
			t.Run(name, func(t *testing.T) {
				source, p, m := layoutOf(t, encoded(encoding)), directory(t), newMachine(t)
				root, err := corpus.Tagged(source, "v1")
				if err != nil {
					t.Fatal(err)
				}
				layer := manifestOf(t, source, root.Digest).Layers[1].Digest
				rewrite(t, corpus.BlobPath(source, layer), change(blob(t, source, layer)))
				m.refuse(exitDamaged, []string{layer.Encoded()}, "push", "oci:"+source+":v1", p.tag("v1"))
				noImage(t, strings.TrimPrefix(p.prefix, "oci:"))
			})
		}
	}
}

// TestFullDisk lets the disk run full under the store, and under a directory that is pushed or pulled to. With more
// space the same command completes.
func TestFullDisk(t *testing.T) {
	tests := []struct {
		name string
		args func(source, remote, disk string) []string
	}{
		{"store", func(_, remote, disk string) []string {
			return []string{"pull", remote, "oci:destination:v1", "--store", filepath.Join(disk, "store")}
		}},
		{"pull", func(_, remote, disk string) []string {
			return []string{"pull", remote, "oci:" + filepath.Join(disk, "destination") + ":v1"}
		}},
		{"push", func(source, _, disk string) []string {
			return []string{"push", source, "oci:" + filepath.Join(disk, "destination") + ":v1"}
		}},
	}
	source, p := layoutOf(t, several()), directory(t)
	newMachine(t).must("push", "oci:"+source+":v1", p.tag("v1"))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk, m := smallDisk(t, "48m"), newMachine(t)
			args := test.args("oci:"+source+":v1", p.tag("v1"), disk)
			m.refuse(exitFailed, []string{"no space left"}, args...)
			for _, dir := range []string{filepath.Join(disk, "destination"), filepath.Join(m.home, "destination")} {
				noImage(t, dir)
			}
			mount(t, "-o", "remount,size=1g", disk)
			m.must(args...)
		})
	}
}

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "size="+size, "sealift-e2e", dir)
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "mount", args...).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
}

// TestStoreInUse runs a second pull while a first one waits for a pack.
func TestStoreInUse(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	packs := sizes(chunkedForm(t, p, "v1"), typePack)
	waiting, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.gate.set(func(g *gate) {
		g.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			if d, _ := blobOf(r.URL.Path); packs[d] > 0 {
				once.Do(func() { close(waiting) })
				<-goOn
			}
			return false
		}
	})
	first := m.start("pull", p.tag("v1"), "oci:first:v1", "--format", "json")
	<-waiting
	m.refuse(exitFailed, []string{filepath.Join(m.home, "data"), "use"}, "pull", p.tag("v1"), "oci:second:v1")
	noImage(t, filepath.Join(m.home, "second"))
	close(goOn)
	first.done()
	sameImage(t, source, filepath.Join(m.home, "first"), "v1")
	m.must("pull", p.tag("v1"), "oci:second:v1")
}
