// Command codec measures the storage routines in one run, on real data: native Rust, the engines that codec has, and
// what a Go programmer would take instead. It also measures how long the engines take to start, and what they add to the
// program. `make bench-codec` runs it.
//
// It needs the build tags wasmer and custom_wasmer_runtime. docs/performance.md says how to read what it prints.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/zeebo/blake3"

	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

type settings struct {
	root    string
	sealift string
	native  string
	mib     int
	rounds  int
	json    bool
	out     string
	first   string
	cache   string
}

func main() {
	var s settings
	flag.StringVar(&s.root, "root", "../..", "the repository")
	flag.StringVar(&s.sealift, "sealift", "../../bin/sealift", "the program, static and with wasmer")
	flag.StringVar(&s.native, "native", "../../target/release/examples/speed", "the routines built natively")
	flag.IntVar(&s.mib, "mib", 32, "MiB of data, a multiple of 16")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds to measure")
	flag.BoolVar(&s.json, "json", false, "print JSON")
	flag.StringVar(&s.out, "o", "", "a Markdown document to put the report into, between its marks")
	flag.StringVar(&s.first, "first", "", "only load this engine and run a routine once, for another process to measure")
	flag.StringVar(&s.cache, "cache", "", "cache of compiled code for -first")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/codec:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) error {
	if s.first != "" {
		return first(ctx, s.first, s.cache)
	}
	if s.mib < 16 || s.mib%16 != 0 || s.rounds < 1 {
		return errors.New("needs a multiple of 16 MiB, and a round")
	}
	r, err := s.report(ctx)
	if err != nil {
		return err
	}
	var text strings.Builder
	r.write(&text)
	if s.out != "" {
		if err := page.Replace(s.out, "bench/codec", text.String()); err != nil {
			return err
		}
	}
	if !s.json {
		_, err = fmt.Print(text.String())
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// report is everything that was measured.
type report struct {
	Machine  page.Machine `json:"machine"`
	Data     string       `json:"data"`
	MiB      int          `json:"mib"`
	Rounds   int          `json:"rounds"`
	Speeds   []speed      `json:"speeds"`
	Sizes    []size       `json:"compressed"`
	Scaling  []scaling    `json:"scaling"`
	Start    []start      `json:"start"`
	Binaries []binary     `json:"binaries"`
	Targets  []target     `json:"targets"`
}

func (s settings) report(ctx context.Context) (_ *report, err error) {
	r := &report{MiB: s.mib, Rounds: s.rounds}
	s.cache, err = os.MkdirTemp("", "sealift-bench-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.cache)) }()
	if err := s.measure(ctx, r); err != nil {
		return nil, err
	}
	if r.Start, err = startTimes(ctx, s.sealift, s.cache); err != nil {
		return nil, err
	}
	if r.Binaries, err = binaries(ctx, s.root, s.sealift); err != nil {
		return nil, err
	}
	const mb = 1e6
	whole := r.Binaries[complete]
	r.Targets = append(r.Targets,
		newLimit("start to first routine done", r.Start[0].Wall, 20, "ms"),
		newLimit("what engines add to sealift", float64(whole.More)/mb, 6, "MB"))
	return r, nil
}

// measure does what takes long.
func (s settings) measure(ctx context.Context, r *report) (err error) {
	raw, what, err := sample(ctx, s.mib)
	if err != nil {
		return err
	}
	threads := runtime.NumCPU()
	f, err := s.open(ctx, raw, threads)
	defer func() { err = errors.Join(err, f.close()) }()
	if err != nil {
		return err
	}
	r.Data = what
	r.Machine = thisMachine(ctx, f.versions...)
	same := f.candidates[:3]
	for _, t := range tasks {
		if err := agree(ctx, t, same); err != nil {
			return err
		}
	}
	if r.Sizes, err = compressed(ctx, f.candidates, f.work); err != nil {
		return err
	}
	all, err := measure(ctx, f.candidates, threads, s.rounds)
	if err != nil {
		return err
	}
	r.Speeds = speeds(all, f.work, threads)
	r.Scaling = scalings(all, threads)
	r.Targets = targets(all, f.work, r.Scaling)
	return nil
}

// field is all candidates: native, the engines, and the libraries.
type field struct {
	work       *work
	candidates []candidate
	versions   []string
}

func (f *field) close() error {
	var errs []error
	for _, c := range f.candidates {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// open returns the field, of which what there is must be closed, also if there is an error.
func (s settings) open(ctx context.Context, raw []byte, threads int) (*field, error) {
	f := &field{}
	c, err := codec.New(ctx, codec.Options{Engine: codec.Wasmer})
	if err != nil {
		return f, err
	}
	defer func() { _ = c.Close(ctx) }()
	if f.work, err = newWork(ctx, c, raw); err != nil {
		return f, err
	}
	n, err := startNative(ctx, s.native, raw)
	if err != nil {
		return f, err
	}
	f.candidates = append(f.candidates, n)
	f.versions = []string{strings.Replace(c.Engine(), codec.Wasmer, "wasmer "+wasmerVersion(s.root), 1), n.version}
	for _, engine := range []string{codec.Wasmer, codec.Wazero} {
		e, err := newEngine(ctx, engine, s.cache, f.work, threads)
		if err != nil {
			return f, err
		}
		f.candidates = append(f.candidates, e)
	}
	libraries := []struct {
		name string
		sum  func([]byte) [32]byte
	}{{blake3Name, blake3.Sum256}, {sha256Name, sha256.Sum256}}
	for _, l := range libraries {
		p, err := newLibraries(l.name, l.sum, f.work, threads)
		if err != nil {
			return f, err
		}
		f.candidates = append(f.candidates, p)
	}
	return f, nil
}
