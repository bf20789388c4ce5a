// Command delta measures what must travel when real software is updated: by Sealift, as whole compressed layers, and by
// programs that make binary deltas. `make bench-delta` runs it; docs/delta.md says how to read what it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"

	"github.com/adrg/xdg"

	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// coder brings an update to another place.
type coder interface {
	name() string
	cost(context.Context, *update) (cost, error)
}

var _, _ coder = installed{}, push{}

type settings struct {
	only    string
	out     string
	process string
	level   int
}

func main() {
	var s settings
	flag.StringVar(&s.only, "only", "", "measure the pairs that this regular expression matches, and no others")
	flag.StringVar(&s.out, "o", "", "a Markdown document to put the report into, between its marks, too")
	flag.StringVar(&s.process, "process", "", "only encode or decode deltas, and tell the CPU time of the routines")
	flag.IntVar(&s.level, "level", codec.DefaultLevel, "level for -process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/delta:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) error {
	if s.process != "" {
		worked, err := runProcess(ctx, s.process, s.level, flag.Args())
		if err != nil {
			return err
		}
		_, err = fmt.Println(worked)
		return err
	}
	wanted, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	selected := slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return !wanted.MatchString(p.String()) })
	if len(selected) == 0 {
		return fmt.Errorf("no pair matches %q", s.only)
	}
	coders, versions, err := openCoders(ctx)
	if err != nil {
		return err
	}
	r := &report{machine: page.ThisMachine(versions...)}
	for _, c := range coders {
		r.coders = append(r.coders, c.name())
	}
	for _, p := range selected {
		row, err := p.row(ctx, coders)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		r.rows = append(r.rows, row)
	}
	return page.Publish(s.out, "bench/delta", r.write)
}

// openCoders returns the columns of the table, and the versions of what does the work.
func openCoders(ctx context.Context) (coders []coder, versions []string, err error) {
	known := results(filepath.Join(xdg.CacheHome, "sealift", "delta"))
	for _, t := range tools {
		version, err := t.version(ctx)
		if err != nil {
			return nil, nil, err
		}
		coders = append(coders, installed{t, version, known})
		versions = append(versions, version)
	}
	for _, p := range pushes {
		coders = append(coders, p)
	}
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		return nil, nil, err
	}
	versions = append(slices.Compact(versions), c.Engine())
	return coders, versions, c.Close(ctx)
}

// row measures a pair. One thing runs at a time.
func (p pair) row(ctx context.Context, coders []coder) (r row, err error) {
	dir, err := os.MkdirTemp("", "sealift-delta-*")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	u, err := p.pack(ctx, dir)
	if err != nil {
		return r, err
	}
	r = row{pair: p.String(), raw: u.new.tar.Size}
	for _, c := range coders {
		fmt.Fprintf(os.Stderr, "%s: %s\n", p, c.name())
		took, err := c.cost(ctx, u)
		if err != nil {
			return r, fmt.Errorf("%s: %w", c.name(), err)
		}
		r.costs = append(r.costs, took)
	}
	return r, nil
}
