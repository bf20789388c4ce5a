package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
)

// pushAll pushes the images of a series, in order, and returns what each push moved.
func pushAll(t *testing.T, m *machine, source string, p place, count int, args ...string) []traffic {
	t.Helper()
	var moved []traffic
	for _, tag := range []string{"v1", "v2", "v3"}[:count] {
		p.gate.take()
		r := m.must(append([]string{"push", "oci:" + source + ":" + tag, p.tag(tag)}, args...)...)
		moved = append(moved, p.gate.take())
		honest(t, "push of "+tag, moved[len(moved)-1], r)
	}
	return moved
}

// pulled pulls an image to a directory of its own, checks that it is the one in source, and returns what that moved.
func (m *machine) pulled(p place, source, tag string) traffic {
	m.t.Helper()
	p.gate.take()
	destination := filepath.Join(m.t.TempDir(), "destination")
	r := m.must("pull", p.tag(tag), "oci:"+destination+":"+tag)
	passed := p.gate.take()
	honest(m.t, "pull of "+tag, passed, r)
	sameImage(m.t, source, destination, tag)
	return passed
}

// bytesOf returns how many bytes were fetched of blobs, and with how many requests.
func (p traffic) bytesOf(blobs map[digest.Digest]int64) (n int64, requests int) {
	for _, e := range p.exchanges {
		if d, ok := blobOf(e.path); ok && e.method == "GET" && blobs[d] > 0 {
			n += e.received
			requests++
		}
	}
	return n, requests
}

// TestUpdate pushes three releases of a program, with deltas and without, and pulls the last one from all that a machine
// may have of the others.
func TestUpdate(t *testing.T) {
	source, p := softwareSeries(t, releases), dockerRegistry(t)
	whole := pushAll(t, newMachine(t), source, p.beside("whole"), releases, "--no-delta")
	m := newMachine(t)
	pushes := pushAll(t, m, source, p, releases)
	for i := 1; i < releases; i++ {
		t.Logf("push of v%d: %d bytes sent, %d received; without deltas %d sent", i+1, pushes[i].sent, pushes[i].received, whole[i].sent)
		if pushes[i].sent > whole[i].sent/4 {
			t.Errorf("push of v%d: %d bytes sent, %d without deltas", i+1, pushes[i].sent, whole[i].sent)
		}
	}
	manifest := chunkedForm(t, p, "v3")
	if n, _ := pushes[2].bytesOf(sizes(manifest, typePack)); n > 0 {
		t.Errorf("the push of v3 fetched %d bytes of chunks that the push of v2 had fetched", n)
	}

	full := newMachine(t).pulled(p.beside("whole"), source, "v3").received
	for name, before := range map[string][]string{"nothing": nil, "v1": {"v1"}, "v2": {"v2"}, "both": {"v1", "v2"}} {
		t.Run("from "+name, func(t *testing.T) {
			m, limit := newMachine(t), full*3/2
			for _, tag := range before {
				m.must("pull", p.tag(tag))
				limit = full / 4
			}
			received := m.pulled(p, source, "v3").received
			t.Logf("%d bytes received; of everything without deltas %d", received, full)
			if received > limit {
				t.Errorf("%d bytes received, want at most %d", received, limit)
			}
		})
	}
}

// TestUpdateEverywhere updates through each kind of place.
func TestUpdateEverywhere(t *testing.T) {
	t.Parallel()
	source := softwareSeries(t, releases)
	everywhere(t, func(t *testing.T, p place) {
		m, destination := newMachine(t), filepath.Join(t.TempDir(), "destination")
		for _, tag := range []string{"v1", "v2", "v3"} {
			m.must("push", "oci:"+source+":"+tag, p.tag(tag))
		}
		if len(sizes(chunkedForm(t, p, "v3"), typeDelta)) == 0 {
			t.Fatal("there are no deltas")
		}
		for _, tag := range []string{"v2", "v3"} {
			m.must("pull", p.tag(tag), "oci:"+destination+":"+tag)
			sameImage(t, source, destination, tag)
		}
		newMachine(t).must("pull", p.tag("v3"), "oci:"+destination+"-anew:v3")
		sameImage(t, source, destination+"-anew", "v3")
		m.run("verify", p.tag("v3")).succeeded(t)
	})
}

// TestUpdateRenamed updates a file whose path has a version in it.
func TestUpdateRenamed(t *testing.T) {
	images := []corpus.Image{software(t, 1), software(t, 2)}
	images[0].Layers[0] = program(t, 1, "opt/server-1.30.9/bin")
	images[1].Layers[0] = program(t, 2, "opt/server-1.31.0/bin")
	source, p := series(t, images...), dockerRegistry(t)
	whole := pushAll(t, newMachine(t), source, p.beside("whole"), 2, "--no-delta")
	if sent := pushAll(t, newMachine(t), source, p, 2)[1].sent; sent > whole[1].sent/4 {
		t.Errorf("%d bytes sent, %d without deltas", sent, whole[1].sent)
	}
	newMachine(t).pulled(p, source, "v2")
}

// TestUpdateUnpacked updates layers that were compressed.
func TestUpdateUnpacked(t *testing.T) {
	images := []corpus.Image{software(t, 1), software(t, 2)}
	images[0].Layers[0].Encoding, images[1].Layers[0].Encoding = corpus.Gzip, corpus.Zstd
	source, p, m := series(t, images...), dockerRegistry(t), newMachine(t)
	unpack := []string{"--layers", "unpack"}
	whole := pushAll(t, m, source, p.beside("whole"), 2, append(unpack, "--no-delta")...)
	if sent := pushAll(t, m, source, p, 2, unpack...)[1].sent; sent > whole[1].sent/4 {
		t.Errorf("%d bytes sent, %d without deltas", sent, whole[1].sent)
	}
	m.must("pull", p.tag("v1"))
	m.must("pull", p.tag("v2"), "oci:destination:v2")
	sameImage(t, filepath.Join(m.home, "destination"), filepath.Join(m.home, "destination"), "v2")
}

// TestUpdateOfBase updates what another repository has.
func TestUpdateOfBase(t *testing.T) {
	source, p, m := softwareSeries(t, 2), dockerRegistry(t), newMachine(t)
	first := pushAll(t, m, source, p, 1)[0]
	other := p.beside("other")
	m.must("push", "--base", p.tag("v1"), "oci:"+source+":v2", other.tag("v2"))
	if sent := p.gate.take().sent; sent > first.sent/4 {
		t.Errorf("%d bytes sent, %d for the first release", sent, first.sent)
	}
	newMachine(t).pulled(other, source, "v2")
	later := newMachine(t)
	later.must("pull", p.tag("v1"))
	if passed := later.pulled(other, source, "v2"); passed.received > first.sent/4 {
		t.Errorf("%d bytes received by a machine that has v1", passed.received)
	}
}

// TestUpdateWithoutDeltas pushes a third release in whole chunks, after two of which the second is in deltas.
func TestUpdateWithoutDeltas(t *testing.T) {
	source, p, m := softwareSeries(t, releases), dockerRegistry(t), newMachine(t)
	pushAll(t, m, source, p, 2)
	before := sizes(chunkedForm(t, p, "v2"), typeDelta)
	m.must("push", "--no-delta", "oci:"+source+":v3", p.tag("v3"))
	for d := range sizes(chunkedForm(t, p, "v3"), typeDelta) {
		if before[d] == 0 {
			t.Errorf("v3 has new deltas in %s", d)
		}
	}
	newMachine(t).pulled(p, source, "v3")
}

// TestUpdateFull pushes with whole chunks besides deltas: a third release, and the second one, which is there in deltas. Who has
// nothing needs no deltas then, and who has the first release needs nothing else.
func TestUpdateFull(t *testing.T) {
	source, p, m := softwareSeries(t, releases), dockerRegistry(t), newMachine(t)
	pushAll(t, m, source, p, 2)
	for _, tag := range []string{"v3", "v2"} {
		m.must("push", "--full", "oci:"+source+":"+tag, p.tag(tag))
		manifest := chunkedForm(t, p, tag)
		fresh, later := newMachine(t), newMachine(t)
		if n, _ := fresh.pulled(p, source, tag).bytesOf(sizes(manifest, typeDelta)); n > 0 {
			t.Errorf("%s: who has nothing fetched %d bytes of deltas", tag, n)
		}
		later.must("pull", p.tag("v1"))
		passed := later.pulled(p, source, tag)
		frames, _ := passed.bytesOf(sizes(manifest, typePack))
		deltas, _ := passed.bytesOf(sizes(manifest, typeDelta))
		if deltas == 0 || frames > deltas {
			t.Errorf("%s: who has v1 fetched %d bytes of deltas, and %d of frames", tag, deltas, frames)
		}
	}
}

// plan is what `pull --dry-run --format json` promises.
type plan struct {
	FrameBytes    int64 `json:"frame_bytes"`
	FrameRequests int   `json:"frame_requests"`
	DeltaBytes    int64 `json:"delta_bytes"`
	DeltaRequests int   `json:"delta_requests"`
	ChunksNew     int   `json:"chunks_new"`
}

// TestPlan pulls after `pull --dry-run` said what it would fetch: that comes true, byte for byte, and `diff` says the same
// but for what it rounds.
func TestPlan(t *testing.T) {
	source, p := softwareSeries(t, 2), dockerRegistry(t)
	pushAll(t, newMachine(t), source, p, 2)
	manifest := chunkedForm(t, p, "v2")
	frames, deltas := sizes(manifest, typePack), sizes(manifest, typeDelta)
	for name, before := range map[string][]string{"nothing": nil, "v1": {"v1"}} {
		t.Run("from "+name, func(t *testing.T) {
			m := newMachine(t)
			for _, tag := range before {
				m.must("pull", p.tag(tag))
			}
			p.gate.take()
			var promised plan
			m.printed(&promised, "pull", "--dry-run", p.tag("v2"))
			noChunks(t, p.gate.take(), manifest)
			passed := m.pulled(p, source, "v2")
			came := plan{ChunksNew: promised.ChunksNew}
			came.FrameBytes, came.FrameRequests = passed.bytesOf(frames)
			came.DeltaBytes, came.DeltaRequests = passed.bytesOf(deltas)
			if came != promised || came.DeltaBytes == 0 || came.ChunksNew == 0 {
				t.Errorf("promised was %+v, it came %+v", promised, came)
			}
		})
	}
	t.Run("diff", func(t *testing.T) {
		m := newMachine(t)
		m.must("pull", p.tag("v1"))
		var promised struct {
			ChunksNew   int   `json:"chunks_new"`
			PackedBytes int64 `json:"packed_bytes"`
		}
		m.printed(&promised, "diff", p.tag("v1"), p.tag("v2"))
		passed := m.pulled(p, source, "v2")
		came, _ := passed.bytesOf(packsOf(manifest))
		if off := promised.PackedBytes - came; off < 0 || off > int64(promised.ChunksNew) {
			t.Errorf("promised were %d bytes for %d chunks, it came %d", promised.PackedBytes, promised.ChunksNew, came)
		}
	})
}

// printed runs a command that has to succeed, and reads its JSON.
func (m *machine) printed(v any, args ...string) {
	m.t.Helper()
	ended := m.run(append(args, "--format", "json")...)
	ended.succeeded(m.t)
	if err := json.Unmarshal(ended.stdout, v); err != nil {
		m.t.Fatalf("%v: %v: %s", args, err, ended.stdout)
	}
}

// succeeded checks that a run did.
func (o outcome) succeeded(t *testing.T) {
	t.Helper()
	if o.code != 0 {
		t.Fatalf("exit code %d\n%s", o.code, strings.TrimSpace(o.stderr))
	}
}
