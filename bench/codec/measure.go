package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// timing is how long a run of a task took.
type timing struct {
	Wall time.Duration `json:"wall_ns"`
	CPU  time.Duration `json:"cpu_ns"` // of all threads of the process that worked
}

// key says what a timing is of.
type key struct {
	task      task
	threads   int
	candidate string
}

// timings are those of all rounds.
type timings map[key][]timing

// measure lets all candidates do all tasks by turns, in so many rounds, with one thread and with all of threads. Turns
// follow each other closely and begin with another candidate each round, so that what else happens on the machine meets
// them all.
func measure(ctx context.Context, candidates []candidate, threads, rounds int) (timings, error) {
	all := make(timings)
	for round := range rounds {
		order := slices.Concat(candidates[round%len(candidates):], candidates[:round%len(candidates)])
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, n := range threadCounts(threads) {
			for _, t := range tasks {
				for _, c := range order {
					if !does(c, t) {
						continue
					}
					took, err := measureOne(ctx, c, t, n)
					if err != nil {
						return nil, fmt.Errorf("%v by %s: %w", t, c.name(), err)
					}
					k := key{t, n, c.name()}
					all[k] = append(all[k], took)
				}
			}
		}
	}
	return all, nil
}

// does says whether a task shows anything of a candidate: what hashes with SHA-256 does nothing else in its own way.
func does(c candidate, t task) bool {
	return c.name() != sha256Name || t == split || t == push || t == pull
}

// threadCounts are one and, if that is another number, all.
func threadCounts(all int) []int {
	return slices.Compact([]int{1, all})
}

// measureOne runs a task. With one thread, Go's garbage collector gets no second one.
func measureOne(ctx context.Context, c candidate, t task, threads int) (timing, error) {
	runtime.GC()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	cpu, err := cpuTime(c)
	if err != nil {
		return timing{}, err
	}
	began := time.Now()
	if _, err := c.run(ctx, t, threads); err != nil {
		return timing{}, err
	}
	wall := time.Since(began)
	after, err := cpuTime(c)
	return timing{Wall: wall, CPU: after - cpu}, err
}

// cpuTime is what the process that c works in has used so far.
func cpuTime(c candidate) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(c.clock(), &t); err != nil {
		return 0, fmt.Errorf("CPU time of %s: %w", c.name(), err)
	}
	return time.Duration(t.Nano()), nil
}

// median of values, of which there is at least one.
func median[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
