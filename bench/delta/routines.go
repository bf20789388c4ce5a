package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rounds is how often that is measured of which the median counts.
const rounds = 5

// routines are the ones that make deltas of a level and patch by them: on one thread, without a push or a pull around
// them.
type routines struct{ level int }

// cost tells usage only. Each round is a process of this program, so that its memory is that of nothing else. The CPU
// time is what the process says of the routines.
func (r routines) cost(ctx context.Context, u *update) (c cost, err error) {
	scratch, err := os.MkdirTemp("", "sealift-routines-*")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	windows, err := openWindows(ctx, u.old.file, u.new.file)
	if err != nil {
		return c, err
	}
	for _, w := range windows {
		c.Raw += int64(w.Raw)
	}
	plan, deltas := filepath.Join(scratch, "plan"), filepath.Join(scratch, "deltas")
	if err := writePlan(plan, windows); err != nil {
		return c, err
	}
	if c.Encode, err = r.measure(ctx, "encode", plan, u.old.file, u.new.file, deltas); err != nil {
		return c, err
	}
	c.Decode, err = r.measure(ctx, "decode", plan, u.old.file, deltas, filepath.Join(scratch, "decoded"))
	return c, err
}

func (r routines) measure(ctx context.Context, what string, files ...string) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	var took []usage
	for range rounds {
		u, worked, err := measure(ctx, append([]string{self, "-level", strconv.Itoa(r.level), "-process", what}, files...)...)
		if err != nil {
			return usage{}, err
		}
		if u.CPU, err = time.ParseDuration(strings.TrimSpace(worked)); err != nil {
			return usage{}, fmt.Errorf("CPU time of the routines: %w", err)
		}
		took = append(took, u)
	}
	return median(took), nil
}

// median returns the CPU time of the median round, and the memory of the greediest.
func median(took []usage) usage {
	byTime := func(a, b usage) int { return cmp.Compare(a.CPU, b.CPU) }
	byMemory := func(a, b usage) int { return cmp.Compare(a.Memory, b.Memory) }
	slices.SortFunc(took, byTime)
	return usage{took[len(took)/2].CPU, slices.MaxFunc(took, byMemory).Memory}
}
