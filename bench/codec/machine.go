package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// machine is where and with what was measured.
type machine struct {
	CPU      string   `json:"cpu"`
	Cores    int      `json:"cores"`
	System   string   `json:"system"`
	Load     string   `json:"load"` // in the minutes before: processes that ran or wanted to
	Versions []string `json:"versions"`
}

// thisMachine describes it. versions are those that only the candidates know.
func thisMachine(ctx context.Context, versions ...string) machine {
	versions = append(versions, runtime.Version())
	if out, err := exec.CommandContext(ctx, "rustc", "--version").Output(); err == nil {
		versions = append(versions, strings.TrimSpace(string(out)))
	}
	return machine{
		CPU:      cpuModel(),
		Cores:    runtime.NumCPU(),
		System:   runtime.GOOS + "/" + runtime.GOARCH,
		Load:     load(),
		Versions: append(versions, modules()...),
	}
}

func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer file.Close()
	fields := make(map[string]string)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if key = strings.TrimSpace(key); fields[key] == "" {
			fields[key] = strings.TrimSpace(value)
		}
	}
	if fields["model name"] == "" {
		return "unknown"
	}
	return fields["model name"] + ", family " + fields["cpu family"] + ", model " + fields["model"]
}

func load() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(averages))[:3], " ")
}

// modules are the versions of what was measured.
func modules() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	measured := map[string]bool{
		"github.com/PlakarKorp/go-cdc-chunkers": true,
		"github.com/klauspost/compress":         true,
		"github.com/tetratelabs/wazero":         true,
		"github.com/zeebo/blake3":               true,
	}
	var list []string
	for _, m := range info.Deps {
		if measured[m.Path] {
			list = append(list, strings.TrimPrefix(m.Path, "github.com/")+" "+m.Version)
		}
	}
	return list
}

// wasmerVersion is what libwasmer.a was built from, in the repository at root.
func wasmerVersion(root string) string {
	manifest, err := os.ReadFile(filepath.Join(root, "storage-wasm", "libwasmer", "Cargo.toml"))
	if err == nil {
		_, rest, _ := strings.Cut(string(manifest), `wasmer-c-api = { version = "=`)
		if version, _, found := strings.Cut(rest, `"`); found {
			return version
		}
	}
	return "unknown"
}
