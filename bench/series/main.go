// Command series pushes ten releases of real software one after the other through a real registry, and pulls each by
// machines that have the one before, the third before, and none: what deltas save, and what they cost whoever comes new.
// `make bench-series` runs it; docs/delta.md says how to read what it prints.
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

	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/bench/registry"
)

func main() {
	out := flag.String("o", "", "a Markdown document to put the report into, between its marks, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/series:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) (err error) {
	scratch, err := os.MkdirTemp("", "sealift-series-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	server, err := registry.Start(ctx, filepath.Join(scratch, "registry"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	s := series{dir: scratch, host: server.Addr}
	var r report
	for i, release := range releases {
		fmt.Fprintln(os.Stderr, release)
		f, err := s.measure(ctx, i, release)
		if err != nil {
			return fmt.Errorf("%s: %w", release, err)
		}
		r = append(r, f)
	}
	return page.Publish(out, "bench/series", r.write)
}
