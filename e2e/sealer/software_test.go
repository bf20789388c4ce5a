package sealer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// program is real software of which there are two releases.
type program struct {
	dir, source string   // what `go build` compiles, and where it is called so
	packages    []string // directories of the packages that differ between the releases
}

// goroot is where the Go toolchain is.
func goroot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	return strings.TrimSpace(string(out)), err
}

// client is a program of its own, and vet one of the Go toolchain.
func client() (program, error) {
	root, err := filepath.Abs("../..")
	return program{root, "./cmd/sealift", under(root, "sealer-plugin/pack", "sealer-plugin/recipe", "sealer-plugin/remote",
		"sealer-plugin/store", "sealer-plugin/transfer")}, err
}

func vet() (program, error) {
	root, err := goroot()
	return program{filepath.Join(root, "src"), "cmd/vet", under(root, "src/go/types", "src/go/printer", "src/go/doc",
		"src/text/template", "src/encoding/json")}, err
}

func under(root string, dirs ...string) []string {
	for i, dir := range dirs {
		dirs[i] = filepath.Join(root, filepath.FromSlash(dir))
	}
	return dirs
}

// build compiles a release, as they are published: without what only a debugger reads. Release 2 has more code than release 1 in each of the packages, so that what follows is at
// other addresses there, as it is after the changes of a patch release.
func (p program) build(release int, output string) error {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, dir := range p.packages {
		source := filepath.Join(scratch, fmt.Sprintf("%s-%d.go", path.Base(dir), release))
		if err := os.WriteFile(source, fix(path.Base(dir), 4*release), 0o644); err != nil {
			return err
		}
		overlay.Replace[filepath.Join(dir, "zz_fixes.go")] = source
	}
	encoded, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	file := output + ".overlay"
	if err := os.WriteFile(file, encoded, 0o644); err != nil {
		return err
	}
	defer os.Remove(file)
	return build(p.dir, output, p.source, "-overlay", file, "-ldflags", "-s -w")
}

// fix returns a source file of the package with that many functions.
func fix(name string, functions int) []byte {
	var source bytes.Buffer
	fmt.Fprintf(&source, "package %s\n", name)
	for i := range functions {
		fmt.Fprintf(&source, `
func init() {
	seen := map[string]int{}
	for i, word := range []string{"%[1]s", "fix", "%[2]d"} {
		seen[word] += i * %[2]d
	}
	if len(seen) == 0 {
		panic("%[1]s: fix %[2]d is gone")
	}
}
`, name, i)
	}
	return source.Bytes()
}
