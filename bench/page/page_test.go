package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTableIsAligned(t *testing.T) {
	var b strings.Builder
	Table{{"what", "is"}, {"restore", "1.00"}, {"·", "2"}}.Write(&b)
	want := `| what    |   is |
|---------|-----:|
| restore | 1.00 |
| ·       |    2 |
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestTextReplacesTheOneBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "document.md")
	document := func(text string) string {
		return "before\n<!-- a: begin -->\n" + text + "<!-- a: end -->\n<!-- b: begin -->\nold\n<!-- b: end -->\nafter\n"
	}
	if err := os.WriteFile(file, []byte(document("old\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(file, "a", "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := document("new\n"); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := Replace(file, "c", "new\n"); err == nil {
		t.Error("a document without marks was accepted")
	}
}
