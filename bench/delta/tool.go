package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sealift/sealift/bench/corpus"
)

// tool is a program that others use to send less. Its two commands are for a shell, and have the old file as $1, the new
// one as $2, and what travels as $3.
type tool struct {
	title   string
	program string // and the name of the package of Debian that has it
	encode  string // makes $3
	decode  string // makes $2 of $3
}

const bsdiff = "bsdiff" // what the others are compared with

var tools = []tool{
	{"gzip -6", "gzip", `gzip -6 -n <"$2" >"$3"`, `gzip -d <"$3" >"$2"`},
	{"zstd -3", "zstd", `zstd -q -3 "$2" -o "$3"`, `zstd -q -d "$3" -o "$2"`},
	{"zstd -3 --patch-from", "zstd",
		`zstd -q -3 --long=31 --patch-from="$1" "$2" -o "$3"`,
		`zstd -q -d --long=31 --patch-from="$1" "$3" -o "$2"`},
	{"xdelta3 -9", "xdelta3",
		`xdelta3 -e -9 -S lzma -B $(stat -c %s "$1") -s "$1" "$2" "$3"`,
		`xdelta3 -d -B $(stat -c %s "$1") -s "$1" "$3" "$2"`},
	{bsdiff, "bsdiff", `bsdiff "$1" "$2" "$3"`, `bspatch "$1" "$2" "$3"`},
}

// version asks Debian's package manager, since not all programs tell.
func (t tool) version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${Version}", t.program).Output()
	if err != nil {
		return "", fmt.Errorf("version of %s, a package of Debian: %w", t.program, err)
	}
	return t.program + " " + string(out), nil
}

// run measures both commands on an update, and checks that what was decoded is the new tar.
func (t tool) run(ctx context.Context, u *update) (c cost, err error) {
	scratch, err := os.MkdirTemp("", "sealift-tool-*")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	patch, decoded := filepath.Join(scratch, "patch"), filepath.Join(scratch, "decoded")
	if c.Encode, _, err = measure(ctx, "sh", "-c", t.encode, "sh", u.old.file, u.new.file, patch); err != nil {
		return c, fmt.Errorf("encode: %w", err)
	}
	if c.Decode, _, err = measure(ctx, "sh", "-c", t.decode, "sh", u.old.file, decoded, patch); err != nil {
		return c, fmt.Errorf("decode: %w", err)
	}
	info, err := os.Stat(patch)
	if err != nil {
		return c, err
	}
	c.Bytes = info.Size()
	return c, corpus.CheckFile(decoded, u.new.tar)
}

// installed is a tool that this machine has.
type installed struct {
	tool
	release string
	results results
}

func (i installed) name() string { return i.title }

// cost is the one that was measured before, if that was with the same commands, release and files.
func (i installed) cost(ctx context.Context, u *update) (cost, error) {
	key := strings.Join([]string{i.encode, i.decode, i.release, u.old.tar.Digest.String(), u.new.tar.Digest.String()}, "\n")
	return i.results.get(key, func() (cost, error) { return i.run(ctx, u) })
}
