package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cost is what it takes to bring an update to another place.
type cost struct {
	Bytes  int64 `json:"bytes"` // that must travel
	Encode usage `json:"encode"`
	Decode usage `json:"decode"` // and check, where the coder does
	Raw    int64 `json:"-"`      // that Encode and Decode work on; 0 is the whole new tar
	Took   took  `json:"-"`
}

// took is how many seconds the parts of a transfer take.
type took struct {
	First  float64 // push, of the old image
	Push   float64 // of the new one
	Update float64 // pull of the new one, by who has the old one
}

// usage is what a process used, or the routines in it.
type usage struct {
	CPU    time.Duration `json:"cpu_ns"`
	Memory int64         `json:"memory"` // the most, in bytes
}

// measure runs a command under GNU time: forked from a small process, it does not start with this one's memory. It
// returns what the command wrote to its output, too.
func measure(ctx context.Context, args ...string) (used usage, out string, err error) {
	scratch, err := os.MkdirTemp("", "sealift-time-*")
	if err != nil {
		return usage{}, "", err
	}
	defer os.RemoveAll(scratch)
	memory := filepath.Join(scratch, "memory")
	command := exec.CommandContext(ctx, "/usr/bin/time", append([]string{"-q", "-f", "%M", "-o", memory}, args...)...)
	var said, complaints strings.Builder
	command.Stdout, command.Stderr = &said, &complaints
	if err := command.Run(); err != nil {
		return usage{}, "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, &complaints)
	}
	text, err := os.ReadFile(memory)
	if err != nil {
		return usage{}, "", err
	}
	kib, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return usage{}, "", fmt.Errorf("memory by GNU time: %w", err)
	}
	// The time is that of the children, too, and finer than what GNU time writes.
	state := command.ProcessState
	return usage{CPU: state.UserTime() + state.SystemTime(), Memory: kib << 10}, said.String(), nil
}
