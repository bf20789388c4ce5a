package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/corpus"
)

// several is an image of several packs: about 130 MB that do not compress.
func several() corpus.Image {
	image := corpus.Image{Built: monday}
	for seed := range 3 {
		tree := corpus.Tree{Seed: uint64(seed), Files: 42, Size: 1 << 20, Built: monday, Noise: true}
		image.Layers = append(image.Layers, tree.Layer(corpus.Uncompressed))
	}
	return image
}

// moments are when a transfer is interrupted: after so many percent of its bytes.
var moments = []int64{1, 30, 60, 95}

// TestResumePush kills pushes, and counts what the next one sends.
func TestResumePush(t *testing.T) {
	long(t)
	source := layoutOf(t, several())
	whole := dockerRegistry(t)
	newMachine(t).must("push", "oci:"+source+":v1", whole.tag("v1"))
	full := whole.gate.take().sent
	for _, percent := range moments {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			p, m := dockerRegistry(t), newMachine(t)
			push := []string{"push", "oci:" + source + ":v1", p.tag("v1"), "--format", "json"}
			first := m.killed(p.gate, func(sent, _ int64) bool { return sent >= full*percent/100 }, push...)
			again := m.start(push...).done()
			resumedPush(t, first, p.gate.take(), full)

			m.must("pull", p.tag("v1"), "oci:destination:v1")
			sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
			if again.ChunksTotal == 0 {
				t.Error("the result of the second push has no chunks")
			}
		})
	}
}

// resumedPush checks that nothing that the registry had confirmed was sent again.
func resumedPush(t *testing.T, first, second traffic, full int64) {
	t.Helper()
	done, again := first.uploaded(), second.uploaded()
	var bytes int64
	for d, n := range done {
		bytes += n
		if _, sent := again[d]; sent {
			t.Errorf("%s was uploaded twice", d)
		}
	}
	t.Logf("killed after %d of %d bytes, with %d confirmed; %d were sent then", first.sent, full, bytes, second.sent)
	if second.sent > full-bytes {
		t.Errorf("%d bytes were confirmed, but of %d as many as %d were sent again", bytes, full, second.sent)
	}
}

// TestResumePull kills pulls, and counts what the next one receives. A pack of the store, 8 MiB, is kept when it is
// full and on disk, while the next one fills. Two jobs have four connections, and of each the system holds up to 6 MiB
// that have passed the gate but that sealift has not read.
func TestResumePull(t *testing.T) {
	long(t)
	const underWay = 2*8<<20 + 4*6<<20
	source, p := layoutOf(t, several()), dockerRegistry(t)
	newMachine(t).must("push", "oci:"+source+":v1", p.tag("v1"))
	p.gate.take()
	newMachine(t).must("pull", p.tag("v1"), "oci:destination:v1")
	full := p.gate.take().received
	for _, percent := range append(moments, 100) {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			m := newMachine(t)
			p.gate.take()
			pull := []string{"pull", p.tag("v1"), "oci:destination:v1", "--jobs", "2", "--format", "json"}
			first := m.killed(p.gate, func(_, received int64) bool { return received >= full*percent/100 }, pull...)
			destination := filepath.Join(m.home, "destination")
			noImage(t, destination)
			m.start(pull...).done()
			second := p.gate.take()
			t.Logf("killed after %d of %d bytes; %d were received then", first.received, full, second.received)
			if kept := max(0, first.received-underWay); second.received > full-kept {
				t.Errorf("%d of %d bytes were there, but %d were received again", first.received, full, second.received)
			}
			sameImage(t, source, destination, "v1")
		})
	}
}

// TestKilledBeforeManifest kills a push when all is there but the manifest: the tag must not be, and then it is all
// that is left to do.
func TestKilledBeforeManifest(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	push := []string{"push", "oci:" + source + ":v1", p.tag("v1"), "--format", "json"}
	var once sync.Once
	running := m.command(push...)
	p.gate.set(func(g *gate) {
		g.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
				once.Do(func() {
					running.kill()
					panic(http.ErrAbortHandler)
				})
			}
			return false
		}
	})
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	if ended := running.end(); ended.code != -1 {
		t.Fatalf("exit code %d\n%s", ended.code, ended.stderr)
	}
	p.gate.take()
	if ended := m.run("pull", p.tag("v1"), "oci:early:v1"); ended.code != 3 {
		t.Errorf("a pull of what is not there: exit code %d\n%s", ended.code, ended.stderr)
	}
	p.gate.take()
	m.start(push...).done()
	noChunks(t, p.gate.take(), chunkedForm(t, p, "v1"))
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

// TestKilledInDirectory kills pushes to a directory, and expects no image there; then a whole one, for which no blob
// that was there is written again.
func TestKilledInDirectory(t *testing.T) {
	long(t)
	t.Parallel()
	source := layoutOf(t, several())
	full := newMachine(t).must("push", "oci:"+source+":v1", directory(t).tag("v1")).SentBytes
	for _, percent := range moments {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			p, m := directory(t), newMachine(t)
			dir := strings.TrimPrefix(p.prefix, "oci:")
			push := []string{"push", "oci:" + source + ":v1", p.tag("v1"), "--format", "json"}
			running := m.start(push...)
			running.killWhen(func() bool { return usage(dir) >= full*percent/100 })
			noImage(t, dir)

			there := usage(filepath.Join(dir, "blobs"))
			if again := m.start(push...).done(); again.SentBytes > full-there {
				t.Errorf("%d of %d bytes were there, but %d were written again", there, full, again.SentBytes)
			}
			m.must("pull", p.tag("v1"), "oci:destination:v1")
			sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
		})
	}
}

// killWhen kills a run as soon as the condition holds, which must be before the run ends.
func (p *process) killWhen(condition func() bool) {
	p.t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = p.Wait()
		close(ended)
	}()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-ended:
			p.t.Fatalf("%s before it could be killed\n%s", p.ProcessState, p.stderr.String())
		case <-look.C:
		}
	}
	p.kill()
	<-ended
}

// usage returns the bytes of all files below dir.
func usage(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir // it went away, or is not there yet
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// TestInterrupted presses Ctrl-C in the middle of a pull.
func TestInterrupted(t *testing.T) {
	source, p, m := layoutOf(t, small()), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	packs := sizes(chunkedForm(t, p, "v1"), typePack)
	running := m.command("pull", p.tag("v1"), "oci:destination:v1")
	p.gate.set(func(g *gate) {
		g.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			d, _ := blobOf(r.URL.Path)
			if packs[d] == 0 {
				return false
			}
			_ = running.Process.Signal(os.Interrupt)
			<-r.Context().Done()
			return true
		}
	})
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	if ended := running.end(); ended.code != 130 {
		t.Errorf("exit code %d\n%s", ended.code, ended.stderr)
	}
	noImage(t, filepath.Join(m.home, "destination"))
	p.gate.set(func(g *gate) { g.handle = nil })
	m.must("pull", p.tag("v1"), "oci:destination:v1")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
}

// killed runs sealift until enough bytes have passed the gate, then kills it. It returns what had passed.
func (m *machine) killed(g *gate, enough func(sent, received int64) bool, args ...string) traffic {
	m.t.Helper()
	g.take()
	running := m.command(args...)
	var once sync.Once
	g.set(func(g *gate) {
		g.passed = func(sent, received int64) {
			if enough(sent, received) {
				once.Do(running.kill)
			}
		}
	})
	if err := running.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := running.end()
	g.set(func(g *gate) { g.passed = nil })
	if ended.code != -1 {
		m.t.Fatalf("it was not killed: exit code %d\n%s", ended.code, ended.stderr)
	}
	return g.take()
}
