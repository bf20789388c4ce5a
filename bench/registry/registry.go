// Package registry runs Debian's docker-registry, a real registry, for tests and benchmarks.
package registry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Registry is a running docker-registry. It speaks plain HTTP.
type Registry struct {
	Addr string // host:port
	Dir  string // where its blobs are: docker/registry/v2/blobs/sha256/<2 hex>/<hex>/data

	config  string
	cancel  context.CancelFunc
	drained chan struct{}
	process *exec.Cmd
}

const configuration = `version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: %s:0
  secret: loopback
`

// Start runs a registry on a loopback address, that keeps its blobs in dir/data until ctx ends or Close is called.
func Start(ctx context.Context, dir string) (*Registry, error) {
	return StartAt(ctx, dir, "127.0.0.1")
}

// StartAt is Start on an address of IPv4.
func StartAt(ctx context.Context, dir, ip string) (*Registry, error) {
	data, config := filepath.Join(dir, "data"), filepath.Join(dir, "config.yml")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, configuration, data, ip), 0o644); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Registry{Dir: data, config: config, cancel: cancel, drained: make(chan struct{})}
	if err := r.start(ctx); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

func (r *Registry) start(ctx context.Context) error {
	r.process = exec.CommandContext(ctx, "docker-registry", "serve", r.config)
	r.process.Env = environ()
	log, err := r.process.StderrPipe()
	if err != nil {
		return err
	}
	if err := r.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(log)
	addr, err := listening(lines)
	go func() {
		defer close(r.drained)
		_, _ = io.Copy(io.Discard, lines)
	}()
	if err != nil {
		return errors.Join(err, r.Close())
	}
	r.Addr = addr
	return nil
}

// environ leaves out what docker-registry would take for its own configuration.
func environ() []string {
	var kept []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "REGISTRY_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

var listeningOn = regexp.MustCompile(`listening on ([0-9.]+:[0-9]+)`)

// listening reads the registry's log until it tells its address.
func listening(log *bufio.Reader) (string, error) {
	var said strings.Builder
	for {
		line, err := log.ReadString('\n')
		said.WriteString(line)
		if match := listeningOn.FindStringSubmatch(line); match != nil {
			return match[1], nil
		}
		if err != nil {
			return "", fmt.Errorf("docker-registry does not listen: %w: %s", err, said.String())
		}
	}
}

// Untag deletes a tag of a repository.
func (r *Registry) Untag(repository, tag string) error {
	return os.RemoveAll(filepath.Join(r.Dir, "docker/registry/v2/repositories", repository, "_manifests/tags", tag))
}

// CollectGarbage deletes the manifests that have no tag, and then all blobs that no manifest names. Nothing may be pushed
// meanwhile.
func (r *Registry) CollectGarbage(ctx context.Context) error {
	command := exec.CommandContext(ctx, "docker-registry", "garbage-collect", "--delete-untagged", r.config)
	command.Env = environ()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("collect garbage: %w: %s", err, out)
	}
	return nil
}

// Close ends the registry. Its blobs stay.
func (r *Registry) Close() error {
	r.cancel()
	<-r.drained
	var killed *exec.ExitError
	if err := r.process.Wait(); err != nil && !errors.As(err, &killed) {
		return err
	}
	return nil
}
