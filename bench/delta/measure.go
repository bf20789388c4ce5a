package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cost is what it takes to bring an update to another place.
type cost struct {
	Bytes  int64 `json:"bytes"` // that must travel
	Encode usage `json:"encode"`
	Decode usage `json:"decode"` // and check, where the coder does
}

// usage is what a process used.
type usage struct {
	CPU    time.Duration `json:"cpu_ns"`
	Memory int64         `json:"memory"` // the most, in bytes
}

// measure runs a command under GNU time: forked from a small process, it does not start with this one's memory.
func measure(ctx context.Context, args ...string) (usage, error) {
	scratch, err := os.MkdirTemp("", "sealift-time-*")
	if err != nil {
		return usage{}, err
	}
	defer os.RemoveAll(scratch)
	said := filepath.Join(scratch, "usage")
	command := exec.CommandContext(ctx, "/usr/bin/time", append([]string{"-q", "-f", "%U %S %M", "-o", said}, args...)...)
	if out, err := command.CombinedOutput(); err != nil {
		return usage{}, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	text, err := os.ReadFile(said)
	if err != nil {
		return usage{}, err
	}
	return parseUsage(string(text))
}

// parseUsage reads seconds of the user, seconds of the system, and KiB.
func parseUsage(text string) (usage, error) {
	var user, system float64
	var kib int64
	if n, err := fmt.Sscanf(text, "%f %f %d\n", &user, &system, &kib); n != 3 {
		return usage{}, fmt.Errorf("GNU time says %q: %w", text, err)
	}
	return usage{CPU: time.Duration((user + system) * float64(time.Second)), Memory: kib << 10}, nil
}
