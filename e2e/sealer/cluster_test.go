package sealer

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSealerRunCluster makes a cluster of two nodes from an image that came by chunks, and runs an app image there that
// came so, too. Machines, network, SSH and certificates are real; Kubernetes is played, by the programs in the image.
func TestSealerRunCluster(t *testing.T) {
	w, first, second := theWorkshop(t), newMachine(t), newMachine(t)
	gate := newGate(t, w.registry.Addr)
	ref, app := gate.addr+"/cluster:v1", gate.addr+"/editor:v1"
	w.buildCluster(t, ref)
	for name, ref := range map[string]string{ref: ref, w.name(editor): app} {
		w.must(t, lifted, "push", name, "sealift://"+ref)
		first.must(t, lifted, "pull", "sealift://"+ref)
	}

	master, worker := newNode(t, first, "master0"), newNode(t, second, "worker0")
	connect(t, master, worker)
	key := master.path("home", "id")
	master.must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	master.sshd(t, key, masterIP+":22")
	worker.sshd(t, key, workerIP+":22")
	run := func(args ...string) string {
		t.Helper()
		return master.must(t, "timeout", append([]string{"2m", lifted, "run"}, args...)...)
	}

	run(ref, "--masters", masterIP, "--nodes", workerIP, "--pk", key)
	sameFiles(t, w.path("cluster"), master.path(rootfs))
	sameFiles(t, w.path("cluster"), worker.path(rootfs))
	master.hasImages(t, "net:v1")
	cluster := apiObjects(master.path("node", string(objects)))
	if diff := cmp.Diff(map[string]string{"master0": "master", "worker0": "node"}, cluster.roles(t)); diff != "" {
		t.Errorf("roles of the nodes (-want +got):\n%s", diff)
	}
	clusterfile, err := os.ReadFile(cluster.file("namespaces/kube-system/configmaps/sealer-clusterfile"))
	if err != nil || !bytes.Contains(clusterfile, []byte(ref)) {
		t.Errorf("the cluster knows by %q what it was made from, want %s: %v", clusterfile, ref, err)
	}

	if out := run(app); !strings.Contains(out, "installed") {
		t.Errorf("the application was not installed: %s", out)
	}
	sameFiles(t, w.path(editor, "bin"), master.path(rootfs, "bin"))
}

// sameFiles checks that the directory to has all files of from.
func sameFiles(t *testing.T, from, to string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		want, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s in %s differs from that in %s: %v", name, to, from, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// roles returns the roles of the nodes, as sealer has labelled them.
func (a apiObjects) roles(t *testing.T) map[string]string {
	t.Helper()
	encoded, err := a.nodes()
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
		}
	}
	if err := json.Unmarshal(encoded, &list); err != nil {
		t.Fatal(err)
	}
	roles := map[string]string{}
	for _, node := range list.Items {
		for label := range node.Metadata.Labels {
			if role, ok := strings.CutPrefix(label, "node-role.kubernetes.io/"); ok {
				roles[node.Metadata.Name] += role
			}
		}
	}
	return roles
}

// clusterFiles are what sealer wants to find in a cluster image, and the programs that play Kubernetes: text, or the
// names of software.
var clusterFiles = map[string]string{
	"bin/kubeadm": "kubeadm",
	"bin/kubelet": "compile",
	"bin/seautil": "#!/bin/sh\n[ \"$1 $2\" != 'route check' ] || echo ok\n",
	"etc/kubeadm.yml": "apiVersion: kubeadm.k8s.io/v1beta3\n" +
		"kind: ClusterConfiguration\n" +
		"kubernetesVersion: v1.22.15\n",
	"scripts/containerd.sh":    "cp \"$(dirname \"$0\")/../bin/seautil\" /usr/local/bin/\n",
	"scripts/init-registry.sh": "\n",
	"scripts/init-kube.sh":     "cp ../bin/kube* /usr/local/bin/\n",
	"statics/audit-policy.yml": "apiVersion: audit.k8s.io/v1\nkind: Policy\n",
}

// buildCluster builds a cluster image from which sealer can make a cluster.
func (w *workshop) buildCluster(t *testing.T, name string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := copyFile(program, w.path("software", "kubeadm")); err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(clusterFiles)
	files["manifests/imageList"] = w.registry.Addr + "/net:v1\n"
	if err := w.context("cluster", monday, files); err != nil {
		t.Fatal(err)
	}
	if err := w.sealerBuild(t.Context(), lifted, w.path("cluster"), name, "kube-installer"); err != nil {
		t.Fatal(err)
	}
}
