package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	stock "github.com/sealerio/sealer/cmd/sealer/cmd"
)

// TestCommands compares what sealer itself documents, which is every command and every flag with its default, with what
// sealer with Sealift does.
func TestCommands(t *testing.T) {
	theirs, ours := t.TempDir(), t.TempDir()
	arguments := os.Args
	t.Cleanup(func() { os.Args = arguments })
	os.Args = []string{"sealer", "gen-doc", "--log-to-file=false", "--path", theirs}
	stock.Execute() // ends the process if it fails

	root := newRoot()
	root.SetArgs([]string{"gen-doc", "--log-to-file=false", "--path", ours})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	want, got := pages(t, theirs), pages(t, ours)
	for _, extended := range []string{"sealer_build.md", "sealer_push.md", "sealer_pull.md"} {
		within(t, extended, want[extended], got[extended])
		delete(want, extended)
		delete(got, extended)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands differ from sealer's (-sealer +ours):\n%s", diff)
	}
}

// pages reads all files in dir.
func pages(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d pages, %v", len(entries), err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(data)
	}
	return found
}

// within checks that a page has all lines of another one, in their order.
func within(t *testing.T, name, less, more string) {
	t.Helper()
	rest := strings.Split(more, "\n")
	for line := range strings.SplitSeq(less, "\n") {
		for len(rest) > 0 && rest[0] != line {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Errorf("%s lacks the line %q of sealer's", name, line)
			return
		}
		rest = rest[1:]
	}
}
