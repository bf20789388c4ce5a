package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
)

// machine is a computer with a store, a home directory and no credentials.
type machine struct {
	t    *testing.T
	home string
}

// long skips a test that takes long, and whose outcome no engine changes, in a short run.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: run it without -short")
	}
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	return &machine{t: t, home: t.TempDir()}
}

// result is what `--format json` promises.
type result struct {
	Digest        digest.Digest `json:"digest"`
	SentBytes     int64         `json:"sent_bytes"`
	ReceivedBytes int64         `json:"received_bytes"`
	Requests      int64         `json:"requests"`
	ChunksTotal   int           `json:"chunks_total"`
	ChunksNew     int           `json:"chunks_new"`
	RawBytes      int64         `json:"raw_bytes"`
	Seconds       float64       `json:"seconds"`
}

// outcome is how a run of sealift ended.
type outcome struct {
	code   int // -1 when a signal ended it
	stdout []byte
	stderr string
}

// process is a run of sealift that may be going on.
type process struct {
	*exec.Cmd
	t              *testing.T
	stdout, stderr bytes.Buffer
}

func (m *machine) command(args ...string) *process {
	p := &process{t: m.t, Cmd: exec.CommandContext(m.t.Context(), sealift, args...)}
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	p.Dir = m.home
	p.Env = append(os.Environ(),
		"HOME="+m.home,
		"DOCKER_CONFIG="+filepath.Join(m.home, ".docker"),
		"XDG_DATA_HOME="+filepath.Join(m.home, "data"),
		"XDG_CACHE_HOME="+cache,
	)
	return p
}

// start begins a run of sealift.
func (m *machine) start(args ...string) *process {
	m.t.Helper()
	p := m.command(args...)
	if err := p.Start(); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// kill ends the run at once, as a power cut does.
func (p *process) kill() { _ = p.Process.Kill() }

// end waits for the run.
func (p *process) end() outcome {
	p.t.Helper()
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return outcome{code: p.ProcessState.ExitCode(), stdout: p.stdout.Bytes(), stderr: p.stderr.String()}
}

// run runs sealift.
func (m *machine) run(args ...string) outcome {
	m.t.Helper()
	return m.start(args...).end()
}

// must runs a push or a pull that has to succeed.
func (m *machine) must(args ...string) result {
	m.t.Helper()
	return m.start(append(args, "--format", "json")...).done()
}

// done waits for a push or a pull with --format json that has to succeed.
func (p *process) done() result {
	p.t.Helper()
	ended := p.end()
	if ended.code != 0 {
		p.t.Fatalf("%v: exit code %d\n%s", p.Args[1:], ended.code, ended.stderr)
	}
	var r result
	if err := json.Unmarshal(ended.stdout, &r); err != nil {
		p.t.Fatalf("%v: %v: %s", p.Args[1:], err, ended.stdout)
	}
	return r
}
