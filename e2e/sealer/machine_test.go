package sealer

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// machine is a computer of its own, as far as sealer can see: a mount namespace with its own images, settings and logs.
// It ends with its holder, a process in it that ends with the tests, and all its mounts end with it.
type machine struct {
	dir        string
	env        []string
	namespaces []namespace
	holder     *exec.Cmd
	stdin      io.Closer
}

// namespace is one that a machine has for itself: what nsenter calls it, and which file in /proc/PID/ns stands for it.
type namespace struct{ option, file string }

var (
	mounts  = namespace{"--mount", "mnt"}
	network = namespace{"--net", "net"}
)

// machineScript makes the mounts of a machine, says so, and waits for the end of its input.
//
//go:embed testdata/machine.sh
var machineScript string

// openMachine starts a machine with its disk in dir and with env on top of its environment.
func openMachine(dir string, env ...string) (*machine, error) {
	m := &machine{dir: dir, namespaces: []namespace{mounts}}
	m.env = append(os.Environ(), "HOME="+m.path("home"), "TMPDIR="+m.path("tmp"))
	m.env = append(m.env, env...)
	unshare := []string{"--mount", "--propagation", "private", "sh", "-euc", machineScript, "sh", dir}
	if err := m.start(exec.Command("unshare", unshare...)); err != nil {
		return nil, err
	}
	return m, nil
}

// start makes the command the holder of the machine, and waits until it says that the machine is ready.
func (m *machine) start(holder *exec.Cmd) error {
	var said bytes.Buffer
	holder.Stderr = &said
	stdin, err := holder.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		return err
	}
	m.holder, m.stdin = holder, stdin
	if err := holder.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return fmt.Errorf("machine in %s: %w: %s", m.dir, errors.Join(err, m.close()), said.String())
	}
	return nil
}

// close ends the machine. What was on its disk stays.
func (m *machine) close() error {
	return errors.Join(m.stdin.Close(), m.holder.Wait())
}

// newMachine starts a machine that ends with the test.
func newMachine(t *testing.T, env ...string) *machine {
	t.Helper()
	needRoot(t)
	m, err := openMachine(t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// needRoot fails the test unless root runs it, and skips it if that is all that can be asked for.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if testing.Short() {
		t.Skip("sealer needs root")
	}
	t.Fatal("sealer needs root: run this test as root, or leave it out by -short")
}

// path is a file of the machine, by the name that it has inside and outside.
func (m *machine) path(elements ...string) string {
	return filepath.Join(append([]string{m.dir}, elements...)...)
}

// outcome is how a run of a program ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// command returns a command that runs a program on the machine.
func (m *machine) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	var inside []string
	for _, n := range m.namespaces {
		inside = append(inside, fmt.Sprintf("%s=/proc/%d/ns/%s", n.option, m.holder.Process.Pid, n.file))
	}
	inside = append(inside, "--", program)
	command := exec.CommandContext(ctx, "nsenter", append(inside, args...)...)
	command.Env = m.env
	return command
}

// run runs a program on the machine.
func (m *machine) run(ctx context.Context, program string, args ...string) (outcome, error) {
	command := m.command(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		err = nil
	}
	return outcome{code: command.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}, err
}

// try runs a program that may fail.
func (m *machine) try(t *testing.T, program string, args ...string) outcome {
	t.Helper()
	o, err := m.run(t.Context(), program, args...)
	if err != nil {
		t.Fatalf("%s %v: %v", program, args, err)
	}
	return o
}

// must runs a program that has to succeed, and returns what it printed.
func (m *machine) must(t *testing.T, program string, args ...string) string {
	t.Helper()
	o := m.try(t, program, args...)
	if o.code != 0 {
		t.Fatalf("%s %v: exit code %d\n%s", filepath.Base(program), args, o.code, o.stderr)
	}
	return o.stdout
}
