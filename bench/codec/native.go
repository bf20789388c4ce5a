package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// native is a process of the routines built natively; storage-wasm/examples/speed.rs says how to talk to it.
type native struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	version string // of zstd
	scratch string
}

var _ candidate = (*native)(nil)

// startNative runs the program on raw.
func startNative(ctx context.Context, program string, raw []byte) (_ *native, err error) {
	scratch, err := os.MkdirTemp("", "sealift-bench-*")
	if err != nil {
		return nil, err
	}
	n := &native{scratch: scratch}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(scratch)
		}
	}()
	file := filepath.Join(scratch, "raw")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return nil, err
	}
	n.cmd = exec.CommandContext(ctx, program, file)
	n.cmd.Stderr = os.Stderr
	in, errIn := n.cmd.StdinPipe()
	out, errOut := n.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, n.cmd.Start()); err != nil {
		return nil, err
	}
	n.in, n.out = in, bufio.NewReader(out)
	if n.version, err = n.answer(); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *native) name() string { return "native" }

// clock is what clock_getcpuclockid returns.
func (n *native) clock() int32 {
	const cpuClockSched = 2
	return ^int32(n.cmd.Process.Pid)<<3 | cpuClockSched
}

func (n *native) run(_ context.Context, t task, threads int) (int, error) {
	if _, err := fmt.Fprintln(n.in, t.routine, t.level, t.every, t.times, threads); err != nil {
		return 0, err
	}
	answer, err := n.answer()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(answer)
}

func (n *native) answer() (string, error) {
	line, err := n.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

func (n *native) close() error {
	return errors.Join(n.in.Close(), n.cmd.Wait(), os.RemoveAll(n.scratch))
}
