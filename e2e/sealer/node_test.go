package sealer

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"testing"
)

// The network of the nodes: an Ethernet cable from the master to the worker. Virtual is the address at which sealer has
// a worker look for the API servers; there, IPVS would lead to them.
const (
	masterIP  = "10.77.0.1"
	workerIP  = "10.77.0.2"
	virtualIP = "10.103.97.2"
)

// nodeScript makes the mounts of a node, says so, and waits for the end of its input.
//
//go:embed testdata/node.sh
var nodeScript string

// newNode makes a machine a node of a cluster, which has its network, name and processes for itself. They all end with
// the test. The node and the machine share the disk, and what was mounted on the machine before.
func newNode(t *testing.T, m *machine, name string) *machine {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	node := &machine{
		dir:        m.dir,
		env:        append(m.env, "HOME=/root", "TMPDIR=/tmp"),
		namespaces: []namespace{mounts, network, {"--uts", "uts"}, {"--pid", "pid_for_children"}},
	}
	unshare := []string{"--net", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-euc", nodeScript, "sh", m.dir, name}
	unshare = append(unshare, root, scratch, filepath.Dir(lifted))
	if err := node.start(m.command(context.WithoutCancel(t.Context()), "unshare", unshare...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.close(); err != nil {
			t.Error(err)
		}
	})
	return node
}

// connect lays the network between the nodes.
func connect(t *testing.T, master, worker *machine) {
	t.Helper()
	up := "ip link set lo up; ip link set eth0 up; "
	outside := *master // where the worker's process has a number
	outside.namespaces = []namespace{network}
	outside.must(t, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
		fmt.Sprint(worker.holder.Process.Pid))
	master.must(t, "sh", "-euc", up+"ip address add "+masterIP+"/24 dev eth0; ip address add "+virtualIP+" dev lo")
	worker.must(t, "sh", "-euc", up+"ip address add "+workerIP+"/24 dev eth0; ip route add "+virtualIP+" via "+masterIP)
}
