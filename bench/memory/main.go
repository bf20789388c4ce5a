// Command memory measures the peak memory of a push and a pull of a big image and of an update of it, by GNU time,
// through a real registry. It fails when any of them needs more than the limit.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/registry"
)

var tags = []string{"v1", "v2"} // the image and its update

var built = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

type settings struct {
	sealift  string
	gib      int
	jobs     int
	limitMiB int64
	layers   corpus.Encoding
}

// encodings are what layers can be.
var encodings = map[string]corpus.Encoding{"plain": corpus.Uncompressed, "gzip": corpus.Gzip, "zstd": corpus.Zstd}

func main() {
	var s settings
	flag.StringVar(&s.sealift, "sealift", "bin/sealift", "the program to measure")
	flag.IntVar(&s.gib, "gib", 4, "size of the image in GiB")
	flag.IntVar(&s.jobs, "jobs", 2, "its --jobs")
	flag.Int64Var(&s.limitMiB, "limit", 256, "MiB that it may need")
	flag.Func("layers", "how its layers are compressed: plain (the default), gzip, or zstd", func(name string) (err error) {
		var ok bool
		if s.layers, ok = encodings[name]; !ok {
			err = errors.New("no such compression")
		}
		return err
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) (err error) {
	scratch, err := os.MkdirTemp("", "sealift-memory-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	source := filepath.Join(scratch, "source")
	if err := s.pack(source); err != nil {
		return err
	}
	server, err := registry.Start(ctx, filepath.Join(scratch, "registry"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	for _, tag := range tags {
		remote := server.Addr + "/memory:" + tag
		destination := "oci:" + filepath.Join(scratch, "destination") + ":" + tag
		push := s.measure(ctx, tag, "push", "oci:"+source+":"+tag, remote, "--store", filepath.Join(scratch, "pushing"))
		pull := s.measure(ctx, tag, "pull", remote, destination, "--store", filepath.Join(scratch, "pulling"))
		if err := errors.Join(push, pull); err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
	}
	return nil
}

// pack makes an image: half of it is one file, a quarter is in files of 1 MiB, a quarter in files of 8 KiB. In the
// update, the file and some of the small ones are patched.
func (s settings) pack(dir string) error {
	quarter := s.gib << 28
	before := []corpus.Tree{
		{Seed: 1, Files: quarter >> 20, Size: 1 << 20, Built: built},
		{Seed: 2, Files: 1, Size: 2 * quarter, Built: built},
		{Seed: 3, Files: quarter >> 13, Size: 8 << 10, Built: built},
	}
	after := slices.Clone(before)
	after[1].Patch, after[2].Patch = 4, 5
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return err
	}
	for i, trees := range [][]corpus.Tree{before, after} {
		image := corpus.Image{Built: built}
		for _, tree := range trees {
			image.Layers = append(image.Layers, tree.Layer(s.layers))
		}
		if _, err := layout.Add(image, tags[i]); err != nil {
			return err
		}
	}
	return nil
}

// measured is what sealift and GNU time say.
type measured struct {
	Seconds  float64 `json:"seconds"`
	Sent     int64   `json:"sent_bytes"`
	Received int64   `json:"received_bytes"`
	kib      int64
}

// measure runs sealift under GNU time: forked from a small process, it does not start with this one's memory.
func (s settings) measure(ctx context.Context, tag string, args ...string) error {
	args = append(args, "--jobs", strconv.Itoa(s.jobs), "--progress", "none", "--format", "json")
	command := exec.CommandContext(ctx, "/usr/bin/time", append([]string{"-f", "%M", s.sealift}, args...)...)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, said.String())
	}
	m, err := parse(out, said.String())
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	fmt.Printf("%s of %s, %d GiB, with %d jobs: %.1f s, %.1f MB sent, %.1f MB received, at most %d MiB of memory\n",
		args[0], tag, s.gib, s.jobs, m.Seconds, float64(m.Sent)/1e6, float64(m.Received)/1e6, m.kib>>10)
	if m.kib>>10 >= s.limitMiB {
		return fmt.Errorf("%s needs %d MiB, allowed are %d", args[0], m.kib>>10, s.limitMiB)
	}
	return nil
}

// parse reads what a command writes to its output and, as the last line of its errors, GNU time does.
func parse(out []byte, said string) (m measured, err error) {
	if err := json.Unmarshal(out, &m); err != nil {
		return m, fmt.Errorf("%w: %s", err, out)
	}
	lines := strings.Fields(said)
	if len(lines) == 0 {
		return m, errors.New("GNU time tells no memory")
	}
	m.kib, err = strconv.ParseInt(lines[len(lines)-1], 10, 64)
	return m, err
}
