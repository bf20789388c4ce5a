// Command demo pushes two consecutive releases of real software through a real registry and pulls them on "another
// machine": a second directory with a store of its own. It shows what travelled, and compares the digests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/registry"
)

func main() {
	binary := flag.String("sealift", "bin/sealift", "the program to show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *binary)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string) (err error) {
	scratch, err := os.MkdirTemp("", "sealift-demo-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()

	fmt.Println("Fetching the software, packing it as two OCI images ...")
	d := demo{sealift: binary, source: filepath.Join(scratch, "source"), scratch: scratch}
	if err := d.pack(ctx); err != nil {
		return err
	}
	fmt.Println()
	d.describe()

	server, err := registry.Start(ctx, filepath.Join(scratch, "registry"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	d.repository = server.Addr + "/demo"
	if err := d.transfer(ctx); err != nil {
		return err
	}
	return d.show()
}

// release is one of the two images.
type release struct {
	tag    string
	built  time.Time
	layers []corpus.Release
}

// Both are installations of the same software by the same steps; the second, three weeks later, gets newer releases.
var releases = []release{
	{"v1", time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC), []corpus.Release{corpus.Numpy, corpus.Pandas[0], corpus.Traefik[0]}},
	{"v2", time.Date(2026, 7, 22, 8, 0, 0, 0, time.UTC), []corpus.Release{corpus.Numpy, corpus.Pandas[1], corpus.Traefik[1]}},
}
