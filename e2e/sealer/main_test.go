package sealer

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The binaries under test: sealer with Sealift, and sealer as its authors made it.
var lifted, stock string

// table is the file that TestSealerTraffic writes its table to.
var table = flag.String("table", "", "write what travelled to this `file`, too")

// scratch is the directory of what all tests share, which ends with them.
var scratch string

// sealerTags are the build tags by which sealer needs no C library.
const sealerTags = "containers_image_openpgp exclude_graphdriver_devicemapper exclude_graphdriver_btrfs"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kubeadm" {
		if err := kubeadm(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.StringVar(&lifted, "sealer", "", "the `binary` to test, by an absolute path; without, one is built")
	flag.StringVar(&stock, "stock", "", "the `binary` to compare with, by an absolute path; without, one is built")
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if scratch, err = os.MkdirTemp("", "sealer-e2e-*"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	for _, program := range []struct {
		path   *string
		source string
	}{{&lifted, "."}, {&stock, "github.com/sealerio/sealer/cmd/sealer"}} {
		if *program.path == "" {
			*program.path = filepath.Join(scratch, "program-"+filepath.Base(program.source))
			if err := build("../../cmd/sealer", *program.path, program.source, "-tags", sealerTags); err != nil {
				return 0, err
			}
		}
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	return m.Run(), nil
}

// build compiles the package source, as it is called in directory dir, to the file output.
func build(dir, output, source string, flags ...string) error {
	command := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", output}, flags...), source)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, out)
	}
	return nil
}
