package recipe_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/recipe"
)

// gnuTar runs GNU tar in dir and returns the archive that it writes.
func gnuTar(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("tar", append(args, "-cf", "-", ".")...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tar %v: %v\n%s", args, err, &stderr)
	}
	return out
}

// makeTree fills a directory with files of all kinds that need no privileges.
func makeTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Skip(err)
		}
	}
	long := filepath.Join(dir, strings.Repeat("l", 200), strings.Repeat("m", 200))
	must(os.MkdirAll(long, 0o755))
	must(os.WriteFile(filepath.Join(long, "file"), []byte("deep"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	must(os.WriteFile(filepath.Join(dir, "big"), noise(1, 700_001), 0o755))
	must(os.Link(filepath.Join(dir, "big"), filepath.Join(dir, "hard link")))
	must(os.Symlink("big", filepath.Join(dir, "soft link")))
	must(os.Symlink(strings.Repeat("t", 300), filepath.Join(dir, "dangling")))
	must(os.WriteFile(filepath.Join(dir, "\xff\xfe not UTF-8"), []byte("1"), 0o644))

	sparse, err := os.Create(filepath.Join(dir, "sparse"))
	must(err)
	defer sparse.Close()
	for i := range int64(300) {
		_, err := sparse.WriteAt(bytes.Repeat([]byte{1}, 512), i<<16)
		must(err)
	}
	must(sparse.Truncate(20 << 20))
	return dir
}

// TestGNUTar takes in what GNU tar makes of a real tree, in all its formats.
func TestGNUTar(t *testing.T) {
	if out, err := exec.Command("tar", "--version").Output(); err != nil || !bytes.Contains(out, []byte("GNU tar")) {
		t.Skip("no GNU tar here")
	}
	dir := makeTree(t)
	for _, args := range [][]string{
		{"--format=gnu"},
		{"--format=gnu", "--sparse", "--hole-detection=raw"},
		{"--format=pax", "--sparse", "--hole-detection=raw", "--sparse-version=0.0"},
		{"--format=pax", "--sparse", "--hole-detection=raw", "--sparse-version=0.1"},
		{"--format=pax", "--sparse", "--hole-detection=raw", "--sparse-version=1.0"},
		{"--format=oldgnu", "--sparse", "--hole-detection=raw", "-b128"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			blob := gnuTar(t, dir, args...)
			b := checkRoundTrip(t, blob, recipe.Tar)
			if diff := cmp.Diff(list(t, blob), b.listed(t)); diff != "" {
				t.Errorf("files (-want +got):\n%.2000s", diff)
			}
		})
	}
}
