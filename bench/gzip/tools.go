package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tool is what makes gzip or zstd files.
type tool struct {
	title  string
	levels []string // as the command takes them; see byDefault
	open   opener
}

// opener makes a tool ready, in a directory of its own. Its error says why the machine cannot have it.
type opener func(ctx context.Context, dir string) (command, error)

// byDefault is the level that Go's packages choose by themselves.
const byDefault = "-1"

// command makes a gzip file, whose header has nothing optional, or one frame of zstd: a text for a shell, which has the directory of the
// program as $0 and the level as $1, reads the content and writes the file.
type command struct {
	text    string
	version string // of all that decides on what it makes
	release string // what the program says of itself, if the title does not
	dir     string
}

var tools = []tool{
	{"Go 1.21.13", goLevels, goProgram("go1.21.13", "compress/gzip")},
	{"Go 1.22.12", goLevels, goProgram("go1.22.12", "compress/gzip")},
	{"Go 1.23.12", goLevels, goProgram("go1.23.12", "compress/gzip")},
	{"Go 1.24.13", goLevels, goProgram("go1.24.13", "compress/gzip")},
	{"Go 1.25.14", goLevels, goProgram("go1.25.14", "compress/gzip")},
	{"Go 1.26.8", goLevels, goProgram("go1.26.8", "compress/gzip")},
	{"Go 1.27.0", goLevels, goProgram("go1.27.0", "compress/gzip")},
	{"pgzip 1.2.6, compress 1.17.11", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.2.6", klauspost+"@v1.17.11")},
	{"pgzip 1.2.6, compress 1.20.3", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.2.6", klauspost+"@v1.20.3")},
	{"klauspost/compress 1.17.11", goLevels, goProgram("local", klauspost+"/gzip", klauspost+"@v1.17.11")},
	{"klauspost/compress 1.20.3", goLevels, goProgram("local", klauspost+"/gzip", klauspost+"@v1.20.3")},
	{"pgzip 1.2.5, compress 1.11.7", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.2.5", klauspost+"@v1.11.7")},
	{"pgzip 1.2.5, compress 1.13.6", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.2.5", klauspost+"@v1.13.6")},
	{"pgzip 1.2.5, compress 1.14.4", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.2.5", klauspost+"@v1.14.4")},
	{"pgzip 1.3.0, compress 1.20.4", goLevels[:2], goProgram("local", pgzip, pgzip+"@v1.3.0", klauspost+"@v1.20.4")},
	{"klauspost/compress 1.14.4", goLevels[:2], goProgram("local", klauspost+"/gzip", klauspost+"@v1.14.4")},
	{"klauspost/compress 1.20.4", goLevels, goProgram("local", klauspost+"/gzip", klauspost+"@v1.20.4")},
	{"GNU gzip", []string{"1", "6", "9"}, installed("gzip --version", `gzip -n -"$1"`)},
	{"pigz", []string{"6", "9"}, installed("pigz --version 2>&1", `pigz -n -p 4 -"$1"`)},
	{"Python's gzip", []string{"6", "9"}, installed("python3 -c '"+pythonVersion+"'",
		"python3 -c '"+pythonStream+`' "$1"`)},
	{"Java's GZIPOutputStream", []string{"6"}, java},
	{"pigz -p 1", []string{"6"}, installed("pigz --version 2>&1", `pigz -n -p 1 -"$1"`)},
	{"Node.js", []string{"6"}, installed(`node -p '"Node.js " + process.version + ", zlib " + process.versions.zlib'`,
		`node -e 'process.stdin.pipe(zlib.createGzip({level: +process.argv[1]})).pipe(process.stdout)' "$1"`)},
	{"zstd of klauspost/compress 1.17.3", zstdLevels, zstdProgram("v1.17.3")},
	{"zstd of klauspost/compress 1.18.0", zstdLevels, zstdProgram("v1.18.0")},
	{"zstd of klauspost/compress 1.20.4", zstdLevels, zstdProgram("v1.20.4")},
}

const (
	klauspost = "github.com/klauspost/compress"
	pgzip     = "github.com/klauspost/pgzip"

	pythonVersion = `import platform, zlib
print("Python", platform.python_version(), "with zlib", zlib.ZLIB_RUNTIME_VERSION)`
	pythonStream = `import gzip, shutil, sys
with gzip.GzipFile("", "wb", int(sys.argv[1]), sys.stdout.buffer, 0) as f: shutil.copyfileobj(sys.stdin.buffer, f)`
)

var (
	goLevels   = []string{byDefault, "1", "9"}
	zstdLevels = []string{"3"}
)

//go:embed stream/main.go
var goSource string

//go:embed stream/zstd/main.go
var zstdSource string

//go:embed stream/Stream.java
var javaSource string

// installed is a program that the machine has, if the text for its version runs.
func installed(version, text string) opener {
	return func(ctx context.Context, dir string) (command, error) {
		said, err := run(ctx, dir, nil, "sh", "-c", version)
		first, _, _ := strings.Cut(said, "\n")
		return command{text, first, first, dir}, err
	}
}

// java compiles Stream.java.
func java(ctx context.Context, dir string) (command, error) {
	if err := os.WriteFile(filepath.Join(dir, "Stream.java"), []byte(javaSource), 0o644); err != nil {
		return command{}, err
	}
	if _, err := run(ctx, dir, nil, "javac", "Stream.java"); err != nil {
		return command{}, err
	}
	return installed("java --version", `java -cp "$0" Stream`)(ctx, dir)
}

// goProgram builds stream/main.go by a toolchain, with the gzip of another package, and the modules that it wants.
func goProgram(toolchain, gzip string, modules ...string) opener {
	return program(strings.Replace(goSource, `"compress/gzip"`, fmt.Sprintf("gzip %q", gzip), 1), toolchain, modules...)
}

// zstdProgram builds stream/zstd/main.go with a version of klauspost's module.
func zstdProgram(version string) opener { return program(zstdSource, "local", klauspost+"@"+version) }

// program builds a source by a toolchain, with modules that it wants.
func program(source, toolchain string, modules ...string) opener {
	return func(ctx context.Context, dir string) (command, error) {
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
			return command{}, err
		}
		env := []string{"GOTOOLCHAIN=" + toolchain, "GOWORK=off", "GOFLAGS="}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module stream\n\ngo 1.21\n"), 0o644); err != nil {
			return command{}, err
		}
		for _, args := range [][]string{append([]string{"get"}, modules...), {"build", "-o", "stream", "."}} {
			if len(args) == 1 {
				continue // there is nothing to get
			}
			if _, err := run(ctx, dir, env, "go", args...); err != nil {
				return command{}, err
			}
		}
		version := strings.Join(append([]string{toolchain, source}, modules...), "\n")
		return command{`"$0/stream" "$1"`, version, "", dir}, nil
	}
}

// run returns what a program says, in dir, with env in addition.
func run(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var complaints bytes.Buffer
	c.Stderr = &complaints
	said, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, bytes.TrimSpace(complaints.Bytes()))
	}
	return string(said), err
}
