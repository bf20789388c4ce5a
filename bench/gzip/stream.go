package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cache is a directory of the gzip files that were made before.
type cache string

// stream returns the gzip file that a command makes of a sample, or made before, if its version was the same.
func (dir cache) stream(ctx context.Context, c command, level string, s sample) ([]byte, error) {
	key := sha256.Sum256([]byte(strings.Join([]string{c.version, c.text, level, s.digest}, "\n")))
	name := filepath.Join(string(dir), fmt.Sprintf("%x.gz", key))
	known, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return known, err
	}
	if err := os.MkdirAll(string(dir), 0o755); err != nil {
		return nil, err
	}
	if err := c.make(ctx, level, s.file, name+".new"); err != nil {
		return nil, err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// make writes the gzip file of what is in from.
func (c command) make(ctx context.Context, level, from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	var complaints bytes.Buffer
	shell := exec.CommandContext(ctx, "sh", "-c", c.text, c.dir, level)
	shell.Stdin, shell.Stdout, shell.Stderr = in, out, &complaints
	if err := shell.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", c.text, err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
}
