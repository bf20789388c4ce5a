package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sealift is the binary under test, and cache the directory of its compiled routines, which all tests share.
var sealift, cache string

func TestMain(m *testing.M) {
	given := flag.String("sealift", "", "the `binary` to test, by an absolute path; without, one is built, which runs on wazero")
	flag.Parse()
	scratch, err := os.MkdirTemp("", "sealift-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sealift, cache = *given, filepath.Join(scratch, "cache")
	if sealift == "" {
		sealift = filepath.Join(scratch, "sealift")
		err = build(sealift, "CGO_ENABLED=0")
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// build compiles cmd/sealift to the file output, in an environment with env on top.
func build(output string, env ...string) error {
	command := exec.Command("go", "build", "-trimpath", "-o", output, "../cmd/sealift")
	command.Env = append(os.Environ(), env...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build with %v: %w\n%s", env, err, out)
	}
	return nil
}
