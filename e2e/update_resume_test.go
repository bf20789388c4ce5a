package e2e

import (
	"archive/tar"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// The releases of an image of which most chunks change: 8 files of 8 MiB, of which every second run of 4 KiB is another one.
const (
	broadFiles = 8
	broadSize  = 8 << 20
	broadRun   = 4 << 10
)

// broad makes a layout of two releases, about 20 MB of deltas apart. The second one has more layers besides.
func broad(t *testing.T, more ...corpus.Layer) string {
	t.Helper()
	images := []corpus.Image{broadRelease(1), broadRelease(2)}
	images[1].Layers = append(more, images[1].Layers...)
	return series(t, images...)
}

func broadRelease(release int) corpus.Image {
	date := monday.AddDate(0, 0, release)
	return corpus.Image{Built: date, Layers: []corpus.Layer{{Write: corpus.Tar(func(w *tar.Writer) error {
		for i := range broadFiles {
			header := &tar.Header{Name: fmt.Sprintf("broad/file-%d", i), Mode: 0o644, Size: broadSize, ModTime: date}
			if err := w.WriteHeader(header); err != nil {
				return err
			}
			if _, err := w.Write(broadContent(i, release)); err != nil {
				return err
			}
		}
		return nil
	})}}}
}

// broadContent is hexadecimal, so that it compresses to half.
func broadContent(file, release int) []byte {
	content := make([]byte, 0, broadSize)
	noise := make([]byte, broadRun/2)
	for i := range broadSize / broadRun {
		_, _ = rand.NewChaCha8([32]byte{byte(file), byte(i), byte(i >> 8), byte(i % 2 * release)}).Read(noise)
		content = hex.AppendEncode(content, noise)
	}
	return content
}

// TestResumeUpdatePush kills pushes of an update, in the packs of what is all new and in the deltas, and counts what the next one
// moves: blobs that the registry confirmed are not sent again, and what deltas are coded against is not fetched again but for that
// of three deltas, which two jobs have under way.
func TestResumeUpdatePush(t *testing.T) {
	long(t)
	noise := corpus.Tree{Seed: 3, Files: 40, Size: 1 << 20, Built: monday, Noise: true}
	source, whole := broad(t, noise.Layer(corpus.Uncompressed)), dockerRegistry(t)
	full := pushAll(t, newMachine(t), source, whole, 2, "--jobs", "2")[1]
	underWay := full.received * 3 * (8 << 20) / (broadFiles * broadSize)
	for _, percent := range []int64{40, 95} {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			p, m := dockerRegistry(t), newMachine(t)
			m.must("push", "oci:"+source+":v1", p.tag("v1"))
			push := []string{"push", "oci:" + source + ":v2", p.tag("v2"), "--jobs", "2", "--format", "json"}
			first := m.killed(p.gate, func(sent, _ int64) bool { return sent >= full.sent*percent/100 }, push...)
			m.refuse(exitNotFound, nil, "inspect", p.tag("v2"))
			p.gate.take()
			m.start(push...).done()
			second := p.gate.take()
			resumedPush(t, first, second, full.sent)
			t.Logf("killed after %d of %d bytes received; %d were received then", first.received, full.received, second.received)
			if kept := max(0, first.received-underWay); second.received > full.received-kept {
				t.Errorf("%d of %d bytes of v1 were there, but %d were received again", first.received, full.received, second.received)
			}
			newMachine(t).pulled(p, source, "v2")
		})
	}
}

// TestResumeUpdatePull kills pulls of an update, and counts what the next one receives. All that may be lost are,
// with two jobs, three deltas that are on their way and two that are being decoded, and what waits for two packs of the store, of
// 8 MiB each, to be on disk.
func TestResumeUpdatePull(t *testing.T) {
	long(t)
	source, p := broad(t), dockerRegistry(t)
	pushAll(t, newMachine(t), source, p, 2)
	updated := newMachine(t)
	updated.must("pull", p.tag("v1"))
	stored := usage(filepath.Join(updated.home, "data"))
	prepared := t.TempDir()
	if err := os.CopyFS(prepared, os.DirFS(updated.home)); err != nil {
		t.Fatal(err)
	}
	full := updated.pulled(p, source, "v2").received
	stored = usage(filepath.Join(updated.home, "data")) - stored
	const deltas = broadFiles * broadSize / (4 << 20)
	underWay := full*5/deltas + full*(2*8<<20)/stored
	for _, percent := range []int64{30, 60, 95, 100} {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			m := &machine{t: t, home: t.TempDir()}
			if err := os.CopyFS(m.home, os.DirFS(prepared)); err != nil {
				t.Fatal(err)
			}
			pull := []string{"pull", p.tag("v2"), "oci:destination:v2", "--jobs", "2", "--format", "json"}
			first := m.killed(p.gate, func(_, received int64) bool { return received >= full*percent/100 }, pull...)
			m.start(pull...).done()
			second := p.gate.take()
			t.Logf("killed after %d of %d bytes; %d were received then; %d may be lost", first.received, full, second.received, underWay)
			if kept := max(0, first.received-underWay); second.received > full-kept {
				t.Errorf("%d of %d bytes were there, but %d were received again", first.received, full, second.received)
			}
			sameImage(t, source, filepath.Join(m.home, "destination"), "v2")
		})
	}
}
