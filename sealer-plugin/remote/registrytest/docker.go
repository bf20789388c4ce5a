package registrytest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// listening is what Docker's registry logs when it is ready.
var listening = regexp.MustCompile(`listening on ([^" ,]+)`)

// StartDocker runs Docker's registry, as Debian packages it, on a loopback port until the test ends, and returns its host:port. It keeps
// its data in dir. settings are more of its configuration, in YAML. That the program is missing fails the test.
func StartDocker(t testing.TB, dir, settings string) (host string) {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatalf("this test needs Docker's registry: apt-get install docker-registry: %v", err)
	}
	config := filepath.Join(t.TempDir(), "config.yml")
	lines := []string{
		"version: 0.1", "log: {level: info, formatter: text}", "storage: {filesystem: {rootdirectory: '" + dir + "'}}",
		"http: {addr: '127.0.0.1:0', secret: loopback}", settings,
	}
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "serve", config)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = cmd.Wait()
	})
	return awaitPort(t, log)
}

// awaitPort reads the log until it says where the registry listens; the rest is thrown away.
func awaitPort(t testing.TB, log io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }() // until it ends
			return found[1]
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("docker-registry has ended: %s", strings.Join(said, "\n"))
	return ""
}
