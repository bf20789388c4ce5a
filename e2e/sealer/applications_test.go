package sealer

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// TestSealerApplications has the applications of a cluster image move to their next release. Their layers, which sealer
// compressed when it pushed them, lie as files in the registry's directory of the image, and are opened there. The same
// images are pushed with such files as they are, to compare.
func TestSealerApplications(t *testing.T) {
	w := theWorkshop(t)
	gate := newGate(t, w.registry.Addr)
	opener := side{lifted, "sealift://", newMachine(t), newMachine(t), gate, "opened"}
	keeper := side{to: newMachine(t), gate: gate}
	layout, o := "oci:"+filepath.Join(t.TempDir(), "layout"), sealift.Options{Store: t.TempDir()}
	var opened, kept [2]trip
	for i := range 2 {
		tag := fmt.Sprintf("v%d", i+1)
		opened[i] = opener.carry(t, w.applications(t, i+1), tag, true)
		madeBySealer(t, gate.addr+"/opened:"+tag, 2)

		if _, err := sealift.Pull(t.Context(), gate.addr+"/opened:"+tag, layout+":"+tag, o); err != nil {
			t.Fatal(err)
		}
		keptRef := gate.addr + "/kept:" + tag
		kept[i].push = keeper.measure(t, func() {
			o := sealift.Options{Store: o.Store, NoRebuild: true}
			if _, err := sealift.Push(t.Context(), layout+":"+tag, keptRef, o); err != nil {
				t.Fatal(err)
			}
		})
		kept[i].pull = keeper.measure(t, func() { keeper.to.must(t, lifted, "pull", "--quiet", "sealift://"+keptRef) })
		t.Logf("%s: push %d bytes, %d of what is there; pull %d, %d", tag, opened[i].push.bytes(), kept[i].push.bytes(),
			opened[i].pull.bytes(), kept[i].pull.bytes())
	}
	if is, was := opened[0].push.bytes(), kept[0].push.bytes(); is > was {
		t.Errorf("push of v1: %d bytes, %d of what is there", is, was)
	}
	if is, was := opened[1].push.bytes(), kept[1].push.bytes(); is > was/3 {
		t.Errorf("push of v2: %d bytes, %d of what is there", is, was)
	}
	if is, was := opened[1].pull.bytes(), kept[1].pull.bytes(); is > was/3 {
		t.Errorf("pull of v2: %d bytes, %d of what is there", is, was)
	}
}

// applications publishes a release of two applications, each as an image that sealer builds and compresses, and returns
// the directory of a cluster image with both of them.
func (w *workshop) applications(t *testing.T, release int) (dir string) {
	t.Helper()
	var list strings.Builder
	date := monday.AddDate(0, 0, release)
	for _, program := range []string{"kubectl", "lint"} {
		context, name := fmt.Sprintf("%s-app-%d", program, release), fmt.Sprintf("%s/apps/%s:v%d", w.registry.Addr, program, release)
		files := map[string]string{
			"bin/" + program: fmt.Sprintf("%s-%d", program, release), "install.sh": "#!/bin/sh\necho installed\n",
		}
		if err := w.context(context, date, files); err != nil {
			t.Fatal(err)
		}
		if err := w.sealerBuild(t.Context(), stock, w.path(context), name, "app-installer"); err != nil {
			t.Fatal(err)
		}
		w.must(t, stock, "push", "--quiet", "--skip-tls-verify", name)
		fmt.Fprintln(&list, name)
	}
	context := fmt.Sprintf("applications-%d", release)
	err := w.context(context, date, map[string]string{"bin/kubelet": "compile", "manifests/imageList": list.String()})
	if err != nil {
		t.Fatal(err)
	}
	return w.path(context)
}

// madeBySealer checks that so many gzip files in a chunked image are made again as sealer made them.
func madeBySealer(t *testing.T, ref string, files int) {
	t.Helper()
	image, err := sealift.Inspect(t.Context(), ref, sealift.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range image.Blobs {
		for _, gzip := range blob.Gzip {
			if gzip.Encoder != "pgzip -5" {
				t.Errorf("%s: %d gzip files are made by %s", blob.Digest, gzip.Streams, gzip.Encoder)
			}
			files -= gzip.Streams
		}
	}
	if files != 0 {
		t.Errorf("%s: %d gzip files are stored as they are", ref, files)
	}
}
