package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sealift": main})
}

// TestScript runs testdata/script: what a user types, and sees.
func TestScript(t *testing.T) {
	cache := t.TempDir() // compiled routines, for all scripts
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			for name, dir := range map[string]string{"HOME": "home", "XDG_DATA_HOME": "data", "DOCKER_CONFIG": "docker"} {
				env.Setenv(name, filepath.Join(env.WorkDir, dir))
			}
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("NO_PROXY", "*")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"json":      jsonFields,
			"random":    random,
			"image":     image,
			"damage":    damage,
			"registry":  func(ts *testscript.TestScript, _ bool, args []string) { startRegistry(t, ts, args) },
			"interrupt": func(ts *testscript.TestScript, _ bool, args []string) { interrupt(t, ts, args) },
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// exits CODE COMMAND... runs a command that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	if got := codeOf(ts, ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// json FIELD... requires one JSON document, and nothing else, in the output of the command before, with these fields.
func jsonFields(ts *testscript.TestScript, _ bool, fields []string) {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	var document map[string]any
	ts.Check(dec.Decode(&document))
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("more than one JSON document")
	}
	for _, field := range fields {
		if _, ok := document[field]; !ok {
			ts.Fatalf("no field %q", field)
		}
	}
}

// random FILE SIZE SEED makes a file that does not compress.
func random(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	seed, err := strconv.ParseUint(args[2], 10, 8)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), randomBytes(size, seed), 0o600))
}

// image DIR TAG tar|gzip FILE... adds an image of one layer to an OCI layout.
func image(ts *testscript.TestScript, _ bool, args []string) {
	files := make([]string, 0, len(args))
	for _, file := range args[3:] {
		files = append(files, ts.MkAbs(file))
	}
	ts.Check(layout{ts.MkAbs(args[0])}.addImage(args[1], args[2] == "gzip", files))
}

// damage DIR flips a bit in the largest blob of an OCI layout and sets $DAMAGED to its name.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	name, err := layout{ts.MkAbs(args[0])}.damage()
	ts.Check(err)
	ts.Setenv("DAMAGED", name)
}

// registry [USER PASSWORD] starts one and sets $REGISTRY.
func startRegistry(t *testing.T, ts *testscript.TestScript, args []string) {
	var g registry
	if len(args) == 2 {
		g.user, g.password = args[0], args[1]
	}
	ts.Setenv("REGISTRY", g.serve(t))
}

// interrupt COMMAND... runs a command until it uploads something to the registry $SLOW, sends it SIGINT, and requires exit code 130.
func interrupt(t *testing.T, ts *testscript.TestScript, args []string) {
	g := registry{held: make(chan struct{}, 100)}
	host := g.serve(t)
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "SLOW", host)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME", "DOCKER_CONFIG", "NO_PROXY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		ts.Fatalf("ended before the first upload: %v\n%s", err, stderr.String())
	case <-g.held:
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	code := codeOf(ts, <-ended)
	if code != exitInterrupted || !strings.Contains(stderr.String(), "sealift: interrupted") {
		ts.Fatalf("exit code %d, want %d\n%s", code, exitInterrupted, stderr.String())
	}
}
