package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/corpus"
)

// What an image that did not change may cost.
const (
	unchangedBytes    = 64 << 10
	unchangedRequests = 20
)

// cheap checks that next to nothing passed the gate, and that sealift counted the same.
func cheap(t *testing.T, what string, passed traffic, r result) {
	t.Helper()
	if n := passed.sent + passed.received; n >= unchangedBytes {
		t.Errorf("%s: %d bytes travelled", what, n)
	}
	if n := len(passed.exchanges); n > unchangedRequests {
		t.Errorf("%s: %d requests", what, n)
	}
	if r.ChunksNew != 0 {
		t.Errorf("%s: %d new chunks", what, r.ChunksNew)
	}
	honest(t, what, passed, r)
}

// honest checks that what sealift says of the traffic is what passed.
func honest(t *testing.T, what string, passed traffic, r result) {
	t.Helper()
	if r.SentBytes != passed.sent || r.ReceivedBytes != passed.received || r.Requests != int64(len(passed.exchanges)) {
		t.Errorf("%s: it says %d bytes sent, %d received, %d requests; they were %d, %d, %d", what,
			r.SentBytes, r.ReceivedBytes, r.Requests, passed.sent, passed.received, len(passed.exchanges))
	}
}

func TestUnchanged(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		t.Fatal(err)
	}
	add(t, layout, "one", small())
	add(t, layout, "gzip", encoded(corpus.Gzip))
	platforms(t, layout)
	for _, registry := range []string{"docker-registry", "in-process registry"} {
		open := dockerRegistry
		if registry != "docker-registry" {
			open = inProcess
		}
		for _, tag := range []string{"one", "gzip", "platforms"} {
			t.Run(registry+"/"+tag, func(t *testing.T) {
				p, m := open(t), newMachine(t)
				push := []string{"push", "oci:" + source + ":" + tag, p.tag(tag)}
				pull := []string{"pull", p.tag(tag), "oci:destination:" + tag}
				for _, args := range [][]string{push, pull} {
					first := m.must(args...)
					honest(t, args[0], p.gate.take(), first)
					again := m.must(args...)
					passed := p.gate.take()
					cheap(t, args[0]+" again", passed, again)
					noChunks(t, passed, chunkedForm(t, p, tag))
					p.gate.take()
				}
				sameImage(t, source, filepath.Join(m.home, "destination"), tag)
			})
		}
	}
}

// TestAnotherTag pushes and pulls the same image under a second tag: the chunks are all there.
func TestAnotherTag(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	m.must("pull", p.tag("v1"), "oci:one:v1")
	p.gate.take()
	m.must("push", "oci:"+source+":v1", p.tag("stable"))
	m.must("pull", p.tag("stable"), "oci:two:v1")
	noChunks(t, p.gate.take(), chunkedForm(t, p, "v1"))
	sameImage(t, source, filepath.Join(m.home, "two"), "v1")
}

// TestBase pushes to a repository that is empty, with a base in another one.
func TestBase(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	p.gate.take()
	host, _, _ := strings.Cut(p.prefix, "/")
	other := host + "/another/app:v1"
	m.must("push", "--base", p.tag("v1"), "oci:"+source+":v1", other)
	passed := p.gate.take()
	packs := sizes(chunkedForm(t, p, "v1"), typePack)
	for d, n := range passed.uploaded() {
		if packs[d] > 0 && n > 0 {
			t.Errorf("%d bytes of pack %s were uploaded", n, d)
		}
	}
	m.must("pull", other, "oci:destination:v1")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

// large is an image of so many MiB, in files of 1 MiB, 64 KiB and 4 KiB. Edits are of those of 1 MiB.
func large(mib int, built time.Time, edits map[int]uint64) corpus.Image {
	return corpus.Image{Built: built, Layers: []corpus.Layer{
		corpus.Tree{Seed: 1, Files: mib * 3 / 4, Size: 1 << 20, Built: built, Edits: edits}.Layer(corpus.Uncompressed),
		corpus.Tree{Seed: 2, Files: mib * 3, Size: 64 << 10, Built: built}.Layer(corpus.Uncompressed),
		corpus.Tree{Seed: 3, Files: mib * 16, Size: 4 << 10, Built: built}.Layer(corpus.Uncompressed),
	}}
}

// TestOneFileChanged updates an image of 1 GiB in which one file of 1 MiB changed, and the mtime of every file.
func TestOneFileChanged(t *testing.T) {
	t.Parallel()
	mib := 1024
	if testing.Short() {
		mib = 256
	}
	source := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		t.Fatal(err)
	}
	add(t, layout, "v1", large(mib, monday, nil))
	add(t, layout, "v2", large(mib, tuesday, map[int]uint64{77: 99}))

	p, m := dockerRegistry(t), newMachine(t)
	v1, v2 := "oci:"+source+":v1", "oci:"+source+":v2"
	m.must("push", v1, p.tag("v1"))
	p.gate.take()
	m.must("push", v2, p.tag("v2"))
	pushed := p.gate.take()
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	p.gate.take()
	m.must("pull", p.tag("v2"), "oci:destination:v2")
	pulled := p.gate.take()
	t.Logf("push: %d bytes sent, %d received; pull: %d bytes received", pushed.sent, pushed.received, pulled.received)
	if limit := int64(3 << 20); pushed.sent >= limit || pushed.received >= limit || pulled.received >= limit {
		t.Errorf("push sends %d bytes and receives %d, pull receives %d", pushed.sent, pushed.received, pulled.received)
	}
	sameImage(t, source, filepath.Join(m.home, "destination"), "v2")

	again := m.must("push", v2, p.tag("v2"))
	cheap(t, "push again", p.gate.take(), again)
	again = m.must("pull", p.tag("v2"), "oci:destination:v2")
	cheap(t, "pull again", p.gate.take(), again)
}

// TestManySmallFiles pushes a tree of small files, the source of Go's own packages and commands, for the first time: it
// must not take more bytes than gzip -6 makes of the layers.
func TestManySmallFiles(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var image corpus.Image
	var gzip int64
	for _, part := range []string{"net", "crypto", "cmd/compile"} {
		layer := corpus.Directory(filepath.Join(strings.TrimSpace(string(root)), "src", part), "src/"+part, monday)
		size, err := corpus.GzipSize(layer)
		if err != nil {
			t.Fatal(err)
		}
		image.Layers = append(image.Layers, layer)
		gzip += size
	}
	image.Built = monday
	source, p, m := layoutOf(t, image), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	sent := p.gate.take().sent
	t.Logf("%d bytes sent, gzip -6 makes %d", sent, gzip)
	if sent > gzip {
		t.Errorf("%d bytes sent, gzip -6 makes %d", sent, gzip)
	}
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}
