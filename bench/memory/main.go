// Command memory measures the peak memory of a push and a pull of a big image, by GNU time, through a real registry.
// It fails when either needs more than the limit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/registry"
)

type settings struct {
	sealift  string
	gib      int
	jobs     int
	limitMiB int64
}

func main() {
	var s settings
	flag.StringVar(&s.sealift, "sealift", "bin/sealift", "the program to measure")
	flag.IntVar(&s.gib, "gib", 4, "size of the image in GiB")
	flag.IntVar(&s.jobs, "jobs", 2, "its --jobs")
	flag.Int64Var(&s.limitMiB, "limit", 256, "MiB that it may need")
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

	remote := server.Addr + "/memory:v1"
	push := s.measure(ctx, scratch, "push", "oci:"+source+":v1", remote)
	pull := s.measure(ctx, scratch, "pull", remote, "oci:"+filepath.Join(scratch, "destination")+":v1")
	return errors.Join(push, pull)
}

// pack makes the image: half of it in files of 1 MiB, a quarter in one file, a quarter in files of 8 KiB.
func (s settings) pack(dir string) error {
	quarter := s.gib << 28
	built := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	trees := []corpus.Tree{
		{Seed: 1, Files: 2 * quarter >> 20, Size: 1 << 20, Built: built},
		{Seed: 2, Files: 1, Size: quarter, Built: built},
		{Seed: 3, Files: quarter >> 13, Size: 8 << 10, Built: built},
	}
	image := corpus.Image{Built: built}
	for _, tree := range trees {
		image.Layers = append(image.Layers, tree.Layer(corpus.Uncompressed))
	}
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return err
	}
	desc, err := layout.Image(image)
	if err != nil {
		return err
	}
	return layout.Tag(desc, "v1")
}

var peak = regexp.MustCompile(`Maximum resident set size \(kbytes\): (\d+)`)

// measure runs sealift under GNU time: forked from a small process, it does not start with this one's memory.
func (s settings) measure(ctx context.Context, scratch string, args ...string) error {
	args = append(args, "--jobs", strconv.Itoa(s.jobs), "--store", filepath.Join(scratch, "store"), "--progress", "none")
	command := exec.CommandContext(ctx, "/usr/bin/time", append([]string{"-v", s.sealift}, args...)...)
	began := time.Now()
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, out)
	}
	found := peak.FindSubmatch(out)
	if found == nil {
		return fmt.Errorf("%s: GNU time tells no memory: %s", args[0], out)
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return err
	}
	fmt.Printf("%s of %d GiB with %d jobs: %.1f s, at most %d MiB of memory\n",
		args[0], s.gib, s.jobs, time.Since(began).Seconds(), kib>>10)
	if kib>>10 >= s.limitMiB {
		return fmt.Errorf("%s needs %d MiB, allowed are %d", args[0], kib>>10, s.limitMiB)
	}
	return nil
}
