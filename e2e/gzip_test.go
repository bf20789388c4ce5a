package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// compressed returns the software's image of a release with compressed layers.
func compressed(t *testing.T, release int, encoding corpus.Encoding) corpus.Image {
	t.Helper()
	image := software(t, release)
	for i := range image.Layers {
		image.Layers[i].Encoding = encoding
	}
	return image
}

// cluster returns an image that holds another one as a registry does: a directory of blobs whose names are digests. If gzip,
// its own layer is compressed too.
func cluster(t *testing.T, release int, encoding corpus.Encoding) corpus.Image {
	t.Helper()
	date := monday.AddDate(0, 0, release)
	layer := corpus.Directory(filepath.Join(layoutOf(t, compressed(t, release, corpus.Gzip)), "blobs"), "registry/v2/blobs", date)
	layer.Encoding = encoding
	return corpus.Image{Built: date, Layers: []corpus.Layer{layer}}
}

// TestUpdateGzip updates layers that are gzip files, and layers that gzip files are in: every digest stays, and it costs what
// changed inside of them.
func TestUpdateGzip(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]func(int) corpus.Image{
		"layers":            func(n int) corpus.Image { return compressed(t, n, corpus.Gzip) },
		"zstd layers":       func(n int) corpus.Image { return compressed(t, n, corpus.Zstd) },
		"registry":          func(n int) corpus.Image { return cluster(t, n, corpus.Uncompressed) },
		"registry in layer": func(n int) corpus.Image { return cluster(t, n, corpus.Gzip) },
	} {
		t.Run(name, func(t *testing.T) {
			source, p := series(t, release(1), release(2)), dockerRegistry(t)
			kept := pushAll(t, newMachine(t), source, p.beside("kept"), 2, "--no-rebuild")
			opened := pushAll(t, newMachine(t), source, p, 2)
			t.Logf("%d, %d bytes sent; %d, %d as they are", opened[0].sent, opened[1].sent, kept[0].sent, kept[1].sent)
			if opened[0].sent > kept[0].sent {
				t.Errorf("push of v1: %d bytes sent, %d of what is there", opened[0].sent, kept[0].sent)
			}
			if opened[1].sent > kept[1].sent/4 {
				t.Errorf("push of v2: %d bytes sent, %d of what is there", opened[1].sent, kept[1].sent)
			}
			m := newMachine(t)
			m.pulled(p, source, "v1")
			if received := m.pulled(p, source, "v2").received; received > kept[1].sent/4 {
				t.Errorf("pull of v2: %d bytes received, %d of what is there", received, kept[1].sent)
			}
			newMachine(t).pulled(p.beside("kept"), source, "v2")
		})
	}
}

// TestInspectGzip says by which program gzip files are made again, and what of an update is inside of them.
func TestInspectGzip(t *testing.T) {
	source, p, m := series(t, cluster(t, 1, corpus.Gzip), cluster(t, 2, corpus.Gzip)), directory(t), newMachine(t)
	for _, tag := range []string{"v1", "v2"} {
		m.must("push", "oci:"+source+":"+tag, p.tag(tag))
	}
	for _, want := range []string{"gzip itself, by ", " in it, by "} {
		if out := string(m.run("inspect", p.tag("v1")).stdout); !strings.Contains(out, want) {
			t.Errorf("inspect does not say %q:\n%s", want, out)
		}
	}
	if out := string(m.run("diff", p.tag("v1"), p.tag("v2")).stdout); !strings.Contains(out, ": usr/bin/server") {
		t.Errorf("diff does not name the program:\n%s", out)
	}
}
