package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
)

// saved is what `save --format json` promises, and `load`.
type saved struct {
	FileBytes int64 `json:"file_bytes"`
	Images    []struct {
		Tag           string
		Digest        digest.Digest
		ChunkedDigest digest.Digest `json:"chunked_digest"`
		Since         []struct{ Reference string }
	}
}

// file runs a save or a load that has to succeed.
func (m *machine) file(args ...string) saved {
	m.t.Helper()
	ended := m.run(append(args, "--format", "json")...)
	var s saved
	if ended.code != 0 || json.Unmarshal(ended.stdout, &s) != nil {
		m.t.Fatalf("%v: exit code %d: %s\n%s", args, ended.code, ended.stdout, ended.stderr)
	}
	return s
}

// versions makes a layout that has v1 and v2 of an image: all files have other mtimes, one is another, and in one, of 4 MiB, there
// are other bytes everywhere, so that no chunk of it stays.
func versions(t *testing.T) string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.NewChaCha8([32]byte{})
	program := make([]byte, 4<<20)
	_, _ = random.Read(program)
	for i := range program {
		program[i] &= 15 // for it to be compressible: of what is not no deltas are made
	}
	for n, edits := range []map[int]uint64{nil, {2: 99}} {
		built := monday.AddDate(0, 0, n)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "program"), program, 0o755); err != nil {
			t.Fatal(err)
		}
		add(t, layout, fmt.Sprint("v", n+1), corpus.Image{Built: built, Layers: []corpus.Layer{
			corpus.Tree{Seed: 1, Files: 6, Size: 1 << 20, Built: built, Edits: edits, Noise: true}.Layer(corpus.Uncompressed),
			corpus.Directory(dir, "usr/bin", built),
		}})
		for at := 0; at < len(program); at += 1000 {
			program[at] ^= byte(random.Uint64()) | 1
		}
	}
	return source
}

// TestSaveAndLoad brings two versions to a site that reaches no registry but its own.
func TestSaveAndLoad(t *testing.T) {
	source, p, site, m := versions(t), dockerRegistry(t), dockerRegistry(t), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	update := m.must("push", "oci:"+source+":v2", p.tag("v2"))
	v1, v2 := filepath.Join(m.home, "v1.tar"), filepath.Join(m.home, "v2.tar")
	m.file("save", p.tag("v1"), "-o", v1)
	since := m.file("save", p.tag("v2"), "--since", p.tag("v1"), "-o", v2)
	t.Logf("the push sent %d bytes, the file has %d", update.SentBytes, since.FileBytes)
	if limit := update.SentBytes + 64<<10; since.FileBytes > limit || update.SentBytes > 3<<20 {
		t.Errorf("the push sent %d bytes, the file has %d", update.SentBytes, since.FileBytes)
	}

	m = newMachine(t)
	dir := filepath.Join(m.home, "site")
	site.gate.take()
	m.refuse(exitNotFound, []string{p.tag("v1"), "since"}, "load", v2, site.prefix)
	for _, e := range site.gate.take().exchanges {
		if e.method != http.MethodHead && e.method != http.MethodGet {
			t.Errorf("a load that cannot be did %s %s", e.method, e.path)
		}
	}
	m.refuse(exitNotFound, []string{p.tag("v1"), "since"}, "load", v2, "oci:"+dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a load that cannot be made its directory")
	}
	for _, to := range []string{site.prefix, "oci:" + dir} {
		m.file("load", v1, to)
		site.gate.take()
		before := usage(dir)
		m.file("load", v2, to)
		if grown := usage(dir) - before; grown > since.FileBytes+16<<10 {
			t.Errorf("the file has %d bytes, the directory grew by %d", since.FileBytes, grown)
		}
		if passed := site.gate.take(); passed.sent > since.FileBytes+16<<10 {
			t.Errorf("the file has %d bytes, the registry was sent %d", since.FileBytes, passed.sent)
		}
		for _, tag := range []string{"v1", "v2"} {
			m.must("pull", to+":"+tag, "oci:destination:"+tag, "--store", filepath.Join(t.TempDir(), "store"))
			sameImage(t, source, filepath.Join(m.home, "destination"), tag)
		}
	}
	if err := os.RemoveAll(filepath.Join(m.home, "destination")); err != nil {
		t.Fatal(err)
	}
	m.refuse(exitNotFound, []string{p.tag("v1"), "since"}, "load", v2)
	m.file("load", v1)
	m.file("load", v2)
	m.must("pull", "oci-archive:"+v2+":v2", "oci:destination:v2")
	sameImage(t, source, filepath.Join(m.home, "destination"), "v2")
}

// TestKilledSave kills saves, of a chunked image and of a plain one, and expects no file there; then the same command makes it, and
// does not read again from the registry what it had.
func TestKilledSave(t *testing.T) {
	long(t)
	t.Parallel()
	source, p := layoutOf(t, several()), dockerRegistry(t)
	m := newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	p.gate.take()
	whole := filepath.Join(m.home, "whole.tar")
	m.file("save", p.tag("v1"), "-o", whole)
	full := p.gate.take().received
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, percent := range moments {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			m, file := newMachine(t), filepath.Join(t.TempDir(), "image.tar")
			save := []string{"save", p.tag("v1"), "-o", file}
			m.killed(p.gate, func(_, received int64) bool { return received >= full*percent/100 }, save...)
			left := usage(filepath.Dir(file))
			if _, err := os.Stat(file); err == nil {
				t.Error("the file is there after the kill")
			}
			m.file(save...)
			// The blob that was being written, of 32 MiB, is read again.
			if again := p.gate.take().received; again > full-max(0, left-34<<20) {
				t.Errorf("%d of %d bytes were there, but %d were received again", left, full, again)
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the file is not what an uninterrupted save makes: %v", err)
			}
		})
		t.Run(fmt.Sprintf("plain %d%%", percent), func(t *testing.T) {
			m, dir := newMachine(t), t.TempDir()
			file := filepath.Join(dir, "image.tar")
			save := []string{"save", "oci:" + source + ":v1", "-o", file}
			m.start(save...).killWhen(func() bool { return usage(dir) >= full*percent/100 })
			m.file(save...)
			if size := usage(dir); size > int64(len(want))+64<<10 {
				t.Errorf("the file has %d bytes, that of the chunked image %d", size, len(want))
			}
			m.file("load", file, "oci:site")
			m.must("pull", "oci:site:v1", "oci:destination:v1")
			sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
		})
	}
}

// TestKilledLoad kills loads into a registry, and counts what the next one sends.
func TestKilledLoad(t *testing.T) {
	long(t)
	t.Parallel()
	source, m := layoutOf(t, several()), newMachine(t)
	file := filepath.Join(m.home, "image.tar")
	m.file("save", "oci:"+source+":v1", "-o", file)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	full := info.Size()
	for _, percent := range moments {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			p, m := dockerRegistry(t), newMachine(t)
			load := []string{"load", file, p.prefix}
			first := m.killed(p.gate, func(sent, _ int64) bool { return sent >= full*percent/100 }, load...)
			if ended := m.run("inspect", p.tag("v1")); ended.code != exitNotFound {
				t.Errorf("the image is there after the kill: exit code %d", ended.code)
			}
			p.gate.take()
			m.file(load...)
			resumedPush(t, first, p.gate.take(), full)
			m.must("pull", p.tag("v1"), "oci:destination:v1")
			sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
		})
	}
}

// TestSaveOnFullDisk lets the disk run full under the file; with more space the same command completes.
func TestSaveOnFullDisk(t *testing.T) {
	source, p := layoutOf(t, several()), directory(t)
	disk, m := smallDisk(t, "48m"), newMachine(t)
	m.must("push", "oci:"+source+":v1", p.tag("v1"))
	save := []string{"save", p.tag("v1"), "-o", filepath.Join(disk, "image.tar")}
	m.refuse(exitFailed, []string{"no space left", "run the same command again"}, save...)
	mount(t, "-o", "remount,size=1g", disk)
	m.file(save...)
	m.file("load", filepath.Join(disk, "image.tar"), "oci:site")
}
