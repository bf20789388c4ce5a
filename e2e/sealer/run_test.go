package sealer

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// TestSealerRun runs an image that came by chunks, as far as sealer goes without a cluster: it mounts the image, and
// brings the images of the applications to the master, by SSH. A registry on the master has them then.
func TestSealerRun(t *testing.T) {
	w, m, node := theWorkshop(t), newMachine(t), newMachine(t)
	gate := newGate(t, w.registry.Addr)
	ref := gate.addr + "/run:v1"
	w.must(t, lifted, "push", w.name(v1), "sealift://"+ref)
	m.must(t, lifted, "pull", "sealift://"+ref)

	key := m.path("home", "id")
	m.must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	addr := unusedAddr(t)
	node.sshd(t, key, addr)
	ip, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	m.must(t, lifted, "run", ref, "--masters", ip, "--port", port, "--pk", key, "--mode", "loadImage")

	node.hasImages(t, "net:v1", "lint:v1")
}

// rootfs is the directory of a node that a cluster image is distributed to.
const rootfs = "var/lib/sealer/data/my-cluster/rootfs"

// hasImages checks that a registry on the node has all of the images.
func (m *machine) hasImages(t *testing.T, names ...string) {
	t.Helper()
	addr := registrytest.StartDocker(t, m.path(rootfs, "registry"), "")
	for _, name := range names {
		repository, err := remote.NewRepository(addr + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		repository.PlainHTTP = true
		tag := repository.Reference.Reference
		if _, err := oras.Copy(t.Context(), repository, tag, memory.New(), "", oras.DefaultCopyOptions); err != nil {
			t.Errorf("%s in the registry of the node: %v", name, err)
		}
	}
}

// unusedAddr returns a host:port that nothing listens on, and that sealer does not take for its own.
func unusedAddr(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// sshd runs an SSH server on the machine at addr, which lets the holder of key in as root.
func (m *machine) sshd(t *testing.T, key, addr string) {
	t.Helper()
	program, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatalf("this test needs an SSH server: %v", err)
	}
	hostKey, config, allowed := m.path("hostkey"), m.path("sshd_config"), m.path("authorized_keys")
	if err := copyFile(key+".pub", allowed); err != nil {
		t.Fatal(err)
	}
	m.must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKey)
	settings := []string{
		"ListenAddress " + addr, "HostKey " + hostKey, "AuthorizedKeysFile " + allowed, "StrictModes no",
		"PermitRootLogin yes", "PidFile none", "Subsystem sftp internal-sftp",
	}
	if err := os.WriteFile(config, []byte(strings.Join(settings, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	m.must(t, "sh", "-euc", sshdScript, "sh", m.dir)
	m.listen(t, program, "-D", "-e", "-f", config)
}

// sshdScript makes a machine as sshd wants it: with a user and a directory of its own.
const sshdScript = `
{ grep -v '^sshd:' /etc/passwd; echo 'sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin'; } >"$1/passwd"
mount --bind "$1/passwd" /etc/passwd
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd
`

// listen starts a server on the machine that ends with the test, and waits until it says that it listens.
func (m *machine) listen(t *testing.T, program string, args ...string) {
	t.Helper()
	command := m.command(t.Context(), program, args...)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = command.Wait()
	})
	var said strings.Builder
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "listening on") {
			return
		}
		fmt.Fprintln(&said, lines.Text())
	}
	t.Fatalf("%s has ended: %s", program, &said)
}
