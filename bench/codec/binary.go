package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// binary is the size of a static sealift.
type binary struct {
	What  string `json:"what"`
	Bytes int64  `json:"bytes"`
	More  int64  `json:"more_than_without"` // than without any engine
}

// complete is the index, among what binaries returns, of the program with all engines.
const complete = 2

// Sources in place of those of package codec that bring in an engine, for a sealift without.
var withoutEngine = map[string]string{
	"engine_wazero.go": `package codec

import (
	"context"
	"errors"
)

func newWazeroEngine(context.Context, []byte, string) (engine, error) {
	return nil, errors.New("this build is without wazero")
}
`,
	"artifact.go": `package codec

var storageWasm []byte
`,
}

// binaries measures the program that make built, and builds it without wasmer and without any engine, from the
// repository at root.
func binaries(ctx context.Context, root, sealift string) (_ []binary, err error) {
	scratch, err := os.MkdirTemp("", "sealift-bench-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	overlay, err := writeOverlay(root, scratch)
	if err != nil {
		return nil, err
	}
	none := filepath.Join(scratch, "none")
	if err := buildSealift(ctx, root, none, "-overlay", overlay); err != nil {
		return nil, err
	}
	wazero := filepath.Join(scratch, "wazero")
	if err := buildSealift(ctx, root, wazero); err != nil {
		return nil, err
	}
	list, err := sizesOf([]string{"without any engine", "with wazero", "with wazero and wasmer"}, []string{none, wazero, sealift})
	if err != nil {
		return nil, err
	}
	embedded, err := embeddedParts(root)
	return append(list, embedded...), err
}

// embeddedParts are the files in the program that make built.
func embeddedParts(root string) ([]binary, error) {
	native := map[string]string{"amd64": "storage.x86-64-*.wasmu.zst", "arm64": "storage.aarch64.wasmu.zst"}[runtime.GOARCH]
	parts := []binary{{What: "of that storage.wasm"}, {What: "of that its native code"}}
	for i, pattern := range []string{"storage.wasm", native} {
		files, err := filepath.Glob(filepath.Join(root, "sealer-plugin", "codec", "artifact", pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				return nil, err
			}
			parts[i].Bytes += info.Size()
		}
		parts[i].More = parts[i].Bytes
	}
	return parts, nil
}

// writeOverlay writes what `go build -overlay` reads.
func writeOverlay(root, scratch string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for name, source := range withoutEngine {
		file := filepath.Join(scratch, name)
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, "sealer-plugin", "codec", name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(scratch, "overlay.json")
	return file, os.WriteFile(file, overlay, 0o600)
}

// buildSealift builds it without cgo, with the other flags that make builds it with.
func buildSealift(ctx context.Context, root, out string, flags ...string) error {
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", out}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/sealift")...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build sealift: %w: %s", err, out)
	}
	return nil
}

// sizesOf returns the sizes of files; the first is what the others are compared with.
func sizesOf(titles, files []string) ([]binary, error) {
	var list []binary
	for i, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		b := binary{What: titles[i], Bytes: info.Size()}
		if i > 0 {
			b.More = b.Bytes - list[0].Bytes
		}
		list = append(list, b)
	}
	return list, nil
}
