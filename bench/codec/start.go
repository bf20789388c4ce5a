package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// start is how long it takes from the start of a process to its end, in which it loaded and ran routines once.
type start struct {
	What string  `json:"what"`
	Wall float64 `json:"wall_ms"` // the median
	Best float64 `json:"best_wall_ms"`
	CPU  float64 `json:"cpu_ms"` // the median
}

const startRounds = 21

// first loads an engine and runs one routine: what a process of startTimes does.
func first(ctx context.Context, engine, cache string) error {
	c, err := codec.New(ctx, codec.Options{Engine: engine, CacheDir: cache})
	if err != nil {
		return err
	}
	w, err := c.Acquire(ctx)
	if err != nil {
		return err
	}
	_, err = w.Split(ctx, 0, codec.AvgChunk, true, nil)
	return err
}

// startTimes measures, by turns, this program with either engine and sealift with the one that it prefers.
func startTimes(ctx context.Context, sealift, cache string) ([]start, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	processes := []struct {
		what string
		args []string
	}{
		{"wasmer, first routine", []string{self, "-first", codec.Wasmer}},
		{"wazero compiled before, first routine", []string{self, "-first", codec.Wazero, "-cache", cache}},
		{"wazero not compiled before, first routine", []string{self, "-first", codec.Wazero}},
		{"sealift version, which loads the routines", []string{sealift, "version"}},
		{"sealift --help, which does not", []string{sealift, "--help"}},
	}
	took := make([][]timing, len(processes))
	for range startRounds {
		for i, p := range processes {
			t, err := startOne(ctx, p.args)
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], t)
		}
	}
	var list []start
	for i, p := range processes {
		list = append(list, newStart(p.what, took[i]))
	}
	return list, nil
}

func startOne(ctx context.Context, args []string) (timing, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(began)
	if err != nil {
		return timing{}, fmt.Errorf("%v: %w: %s", args, err, out)
	}
	return timing{Wall: wall, CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

func newStart(what string, took []timing) start {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	var wall, cpu []time.Duration
	for _, t := range took {
		wall, cpu = append(wall, t.Wall), append(cpu, t.CPU)
	}
	best := wall[0]
	for _, d := range wall {
		best = min(best, d)
	}
	return start{what, ms(median(wall)), ms(best), ms(median(cpu))}
}
