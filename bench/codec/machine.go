package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/sealift/sealift/bench/page"
)

// thisMachine describes it. versions are those that only the candidates know.
func thisMachine(ctx context.Context, versions ...string) page.Machine {
	versions = append(versions, runtime.Version())
	if out, err := exec.CommandContext(ctx, "rustc", "--version").Output(); err == nil {
		versions = append(versions, strings.TrimSpace(string(out)))
	}
	return page.ThisMachine(append(versions, modules()...)...)
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
