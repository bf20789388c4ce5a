package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// releases is how many releases of the software there are.
const releases = 3

// news is what each release has in addition to those before: a package, and what it uses of that. Code moves then, and with
// it the addresses that all other code names: hardly a chunk stays.
var news = [releases][2]string{
	{"net/http", "http.ListenAndServe"},
	{"encoding/xml", "xml.Marshal"},
	{"text/template", "template.ParseFiles"},
}

// built compiles all releases, once for all tests, and returns the directory that has them.
var built = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(filepath.Dir(cache), "software")
	for n := 1; n <= releases; n++ {
		if err := compile(filepath.Join(dir, fmt.Sprint(n)), n); err != nil {
			return "", err
		}
	}
	return dir, nil
})

// compile makes dir/bin/server, a program of 6 MB, out of dir/source.
func compile(dir string, release int) error {
	source := filepath.Join(dir, "source")
	if err := os.MkdirAll(source, 0o755); err != nil {
		return err
	}
	var imports, uses strings.Builder
	for _, of := range news[:release] {
		fmt.Fprintf(&imports, "import %q\n", of[0])
		fmt.Fprintf(&uses, "\t%s,\n", of[1])
	}
	files := map[string]string{
		"go.mod":  "module server\n\ngo 1.26\n",
		"main.go": fmt.Sprintf("package main\n\n%s\nvar all = []any{\n%s}\n\nfunc main() { println(all) }\n", &imports, &uses),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", "../bin/server", ".")
	command.Dir, command.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("compile release %d: %w\n%s", release, err, out)
	}
	return nil
}

// program returns the program of a release, in the directory prefix, as a layer.
func program(t *testing.T, release int, prefix string) corpus.Layer {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return corpus.Directory(filepath.Join(dir, fmt.Sprint(release), "bin"), prefix, monday.AddDate(0, 0, release))
}

// software returns an image of a release: the program changes, and of the rest only the mtimes do.
func software(t *testing.T, release int) corpus.Image {
	t.Helper()
	date := monday.AddDate(0, 0, release)
	return corpus.Image{Built: date, Layers: []corpus.Layer{
		program(t, release, "usr/bin"),
		corpus.Tree{Seed: 2, Files: 300, Size: 3_000, Built: date}.Layer(corpus.Uncompressed),
	}}
}

// series makes a layout that has images as v1, v2 and so on, and returns its directory.
func series(t *testing.T, images ...corpus.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "source")
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, image := range images {
		add(t, layout, fmt.Sprint("v", i+1), image)
	}
	return dir
}

// softwareSeries is the series of the first n releases.
func softwareSeries(t *testing.T, n int) string {
	t.Helper()
	var images []corpus.Image
	for release := range n {
		images = append(images, software(t, release+1))
	}
	return series(t, images...)
}
