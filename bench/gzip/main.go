// Command gzip measures how gzip files that programs make are stored, as what is inside of them or as they are, and what
// a first push of such layers sends. `make bench-gzip` runs it; docs/gzip.md says how to read what it prints.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"

	"github.com/adrg/xdg"

	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

type settings struct {
	only string
	out  string
}

func main() {
	var s settings
	flag.StringVar(&s.only, "only", "",
		"measure the tools that this regular expression matches, and no others; \""+firstPush+"\" is one, too")
	flag.StringVar(&s.out, "o", "", "a Markdown document to put the reports into, between their marks, too")
	flag.Parse()
	runtime.GOMAXPROCS(1) // collecting garbage takes no second thread
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/gzip:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) (err error) {
	wanted, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	selected := slices.DeleteFunc(slices.Clone(tools), func(t tool) bool { return !wanted.MatchString(t.title) })
	pushing := wanted.MatchString(firstPush)
	if len(selected) == 0 && !pushing {
		return fmt.Errorf("nothing matches %q", s.only)
	}
	scratch, err := os.MkdirTemp("", "sealift-gzip-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	c, err := codec.New(ctx, codec.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	if len(selected) > 0 {
		if err := s.measureFiles(ctx, c, scratch, selected); err != nil {
			return err
		}
	}
	if !pushing {
		return nil
	}
	return s.measurePushes(ctx, c.Engine(), scratch)
}

// measureFiles measures gzip files that tools make, and publishes that.
func (s settings) measureFiles(ctx context.Context, c *codec.Codec, scratch string, tools []tool) error {
	b := &bench{
		codec: c, scratch: scratch,
		streams: cache(filepath.Join(xdg.CacheHome, "sealift", "gzip")),
		known:   make(map[[sha256.Size]byte]measured),
		report:  &report{machine: page.ThisMachine(c.Engine())},
	}
	if err := b.measureAll(ctx, tools); err != nil {
		return err
	}
	return page.Publish(s.out, "bench/gzip", b.report.write)
}

// measurePushes measures first pushes of an image of software, and publishes that.
func (s settings) measurePushes(ctx context.Context, engine, scratch string) error {
	image, err := software.Image(ctx)
	if err != nil {
		return err
	}
	r := &pushReport{machine: page.ThisMachine(engine)}
	if r.all, err = measurePushes(ctx, image, scratch); err != nil {
		return err
	}
	return page.Publish(s.out, "bench/gzip/push", r.write)
}

// bench is a run over gzip files.
type bench struct {
	codec    *codec.Codec
	streams  cache
	scratch  string
	contents []measured // of the samples
	known    map[[sha256.Size]byte]measured
	report   *report
}

// measureAll measures the contents and then the tools. One thing runs at a time.
func (b *bench) measureAll(ctx context.Context, tools []tool) error {
	for _, c := range contents {
		s, err := c.sample(ctx, b.scratch)
		if err != nil {
			return err
		}
		if err := b.measureContent(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for i, t := range tools {
		dir := filepath.Join(b.scratch, fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		command, err := t.open(ctx, dir)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", t.title, err)
			b.report.left = append(b.report.left, t.title)
			continue
		}
		b.report.uses(command.release)
		for _, level := range t.levels {
			if err := b.measureTool(ctx, t, command, level); err != nil {
				return fmt.Errorf("%s, level %s: %w", t.title, level, err)
			}
		}
	}
	return nil
}

// measureContent measures a content as it is.
func (b *bench) measureContent(ctx context.Context, s sample) error {
	blob, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	m, err := measure(ctx, b.codec, blob)
	if err != nil {
		return err
	}
	b.report.samples, b.contents = append(b.report.samples, s), append(b.contents, m)
	plain := &b.report.plain
	plain.raw, plain.build, plain.rebuild = plain.raw+s.size, plain.build+m.build, plain.rebuild+m.rebuild
	return nil
}

// measureTool adds a row.
func (b *bench) measureTool(ctx context.Context, t tool, c command, level string) error {
	r := row{title: t.title + " -" + level}
	if level == byDefault {
		r.title = t.title
	}
	for i, s := range b.report.samples {
		fmt.Fprintf(os.Stderr, "%s: %s\n", r.title, s.name)
		blob, err := b.streams.stream(ctx, c, level, s)
		if err != nil {
			return err
		}
		m, err := b.once(ctx, blob)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		size := int64(len(blob))
		r.add(m, b.contents[i], size, s.size)
		b.report.note(r.title+", "+s.name, m, size)
	}
	b.report.rows = append(b.report.rows, r)
	return nil
}

// once measures a gzip or zstd file, if the same was not made by another tool.
func (b *bench) once(ctx context.Context, blob []byte) (measured, error) {
	isGzip := bytes.HasPrefix(blob, []byte{0x1f, 0x8b})
	if isGzip && !bytes.HasPrefix(blob, []byte{0x1f, 0x8b, 8, 0}) {
		return measured{}, errors.New("its header may have something optional, and a length that is not known")
	}
	sum := sha256.Sum256(blob)
	if m, ok := b.known[sum]; ok {
		return m, nil
	}
	m, err := measure(ctx, b.codec, blob)
	b.known[sum] = m
	return m, err
}
