package sealer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// TestSealerRoundTrip pushes and pulls images of each kind: they come out as they went in.
func TestSealerRoundTrip(t *testing.T) {
	w, m := theWorkshop(t), newMachine(t)
	for _, tag := range []string{v1, v2, v3, editor} {
		t.Run(tag, func(t *testing.T) {
			name := w.name(tag)
			w.must(t, lifted, "push", "sealift://"+name)
			m.must(t, lifted, "pull", "sealift://"+name)
			sameImage(t, w.machine, m, name)
		})
	}
}

// TestSealerDirectory carries an image on a stick.
func TestSealerDirectory(t *testing.T) {
	w, m := theWorkshop(t), newMachine(t)
	stick := "sealift:oci:" + filepath.Join(t.TempDir(), "stick") + ":v1"
	w.must(t, lifted, "push", w.name(editor), stick)
	m.must(t, lifted, "pull", stick)
	m.must(t, lifted, "tag", "localhost/stick:v1", w.name(editor))
	m.must(t, lifted, "rmi", "localhost/stick:v1")
	sameImage(t, w.machine, m, w.name(editor))
}

// sameImage checks that two machines have the same image of that name, as far as sealer can tell.
func sameImage(t *testing.T, want, got *machine, name string) {
	t.Helper()
	if diff := cmp.Diff(want.must(t, lifted, "inspect", name), got.must(t, lifted, "inspect", name)); diff != "" {
		t.Errorf("sealer inspect %s:\n%s", name, diff)
	}
	for _, format := range []string{"oci-archive", "docker-archive"} {
		if diff := cmp.Diff(want.save(t, name, format), got.save(t, name, format)); diff != "" {
			t.Errorf("sealer save --format %s %s:\n%s", format, name, diff)
		}
	}
}

// save lets sealer save the image, and returns what the archive holds: by name, what kind of entry and which content.
func (m *machine) save(t *testing.T, name, format string) map[string]string {
	t.Helper()
	output := m.path("saved.tar")
	m.must(t, lifted, "save", "--quiet", "--format", format, "-o", output, name)
	defer os.Remove(output)
	file, err := os.Open(output)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	entries := map[string]string{}
	for archive := tar.NewReader(file); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := digest.FromReader(archive)
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name] = fmt.Sprintf("%c %s %d %s", header.Typeflag, header.Linkname, header.Size, content)
	}
}
