package sealer

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/registry"
)

// workshop is the machine on which the images of all tests are built, with a registry that has what goes into them.
type workshop struct {
	*machine
	registry *registry.Registry
	gate     *gate // before the registry
}

// The workshop that all tests share.
var (
	shop     workshop
	shopOnce sync.Once
	errShop  error
)

// theWorkshop returns the workshop, with all images built.
func theWorkshop(t *testing.T) *workshop {
	t.Helper()
	needRoot(t)
	shopOnce.Do(func() {
		begun := time.Now()
		errShop = shop.open(context.WithoutCancel(t.Context()))
		t.Logf("the images were built in %.1f s", time.Since(begun).Seconds())
	})
	if errShop != nil {
		t.Fatal(errShop)
	}
	return &shop
}

// close ends what was opened.
func (w *workshop) close() error {
	var err error
	if w.machine != nil {
		err = w.machine.close()
	}
	if w.registry != nil {
		err = errors.Join(err, w.registry.Close())
	}
	if w.gate != nil {
		w.gate.shut()
	}
	return err
}

// name is what an image is called where it was built: it is in the registry behind the gate, once it is pushed there.
func (w *workshop) name(tag string) string { return w.gate.addr + "/kube:" + tag }

// The images.
const (
	v1     = "v1"     // a cluster image
	v2     = "v2"     // with some bytes changed in one binary
	v3     = "v3"     // with one binary and one application of the next release
	editor = "editor" // an app image
)

// monday is when the first images are built. Later ones have later mtimes, in all of their files.
var monday = time.Date(2026, 7, 6, 8, 0, 0, 0, time.UTC)

// open starts the workshop and builds all images. When it fails, it has to be closed all the same.
func (w *workshop) open(ctx context.Context) (err error) {
	if w.machine, err = openMachine(filepath.Join(scratch, "workshop")); err != nil {
		return err
	}
	if w.registry, err = registry.Start(ctx, filepath.Join(scratch, "registry")); err != nil {
		return err
	}
	if w.gate, err = openGate(w.registry.Addr); err != nil {
		return err
	}
	if err := w.software(); err != nil {
		return err
	}
	if err := w.publish(ctx); err != nil {
		return err
	}
	if err := w.contexts(); err != nil {
		return err
	}
	for _, tag := range []string{v1, v2, v3} {
		if err := w.sealerBuild(ctx, lifted, w.path(tag), w.name(tag), "kube-installer"); err != nil {
			return err
		}
	}
	return w.sealerBuild(ctx, lifted, w.path(editor), w.name(editor), "app-installer")
}

// contexts makes the directories that the images are built from.
func (w *workshop) contexts() error {
	cluster := func(kubectl, lint string) map[string]string {
		return map[string]string{
			"bin/kubeadm": "go", "bin/kubelet": "compile", "bin/kubectl": kubectl, "bin/containerd": "link",
			"manifests/imageList": fmt.Sprintf("%[1]s/net:v1\n%[1]s/%[2]s\n", w.registry.Addr, lint),
		}
	}
	for day, image := range []struct {
		tag   string
		files map[string]string
	}{
		{v1, cluster("kubectl-1", "lint:v1")},
		{v2, cluster("kubectl-1", "lint:v1")},
		{v3, cluster("kubectl-2", "lint:v2")},
		{editor, map[string]string{"bin/fmt": "gofmt", "install.sh": "#!/bin/sh\necho installed\n"}},
	} {
		if err := w.context(image.tag, monday.AddDate(0, 0, day), image.files); err != nil {
			return err
		}
	}
	return scribble(w.path(v2, "bin/kubelet"), 69)
}

// software gathers the programs that the images are made of.
func (w *workshop) software() error {
	root, err := goroot()
	if err != nil {
		return err
	}
	tools, err := filepath.Glob(filepath.Join(root, "pkg/tool/*/*"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.path("software"), 0o755); err != nil {
		return err
	}
	for _, tool := range append(tools, filepath.Join(root, "bin/go"), filepath.Join(root, "bin/gofmt")) {
		if err := os.Symlink(tool, w.path("software", filepath.Base(tool))); err != nil {
			return err
		}
	}
	for name, find := range map[string]func() (program, error){"kubectl": client, "lint": vet} {
		source, err := find()
		if err != nil {
			return err
		}
		for release := 1; release <= 2; release++ {
			if err := source.build(release, w.path("software", fmt.Sprintf("%s-%d", name, release))); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish puts the images of the applications into the registry: sources of network services, and two releases of a
// program on the same base. Their layers are compressed, as everywhere.
func (w *workshop) publish(ctx context.Context) error {
	root, err := goroot()
	if err != nil {
		return err
	}
	dir := w.path("applications")
	layout, err := corpus.NewLayout(dir)
	if err != nil {
		return err
	}
	gzipped := func(from, prefix string, built time.Time) corpus.Layer {
		layer := corpus.Directory(from, prefix, built)
		layer.Encoding = corpus.Gzip
		return layer
	}
	base := gzipped(filepath.Join(root, "src/crypto"), "src/crypto", monday)
	images := map[string][]corpus.Layer{"net:v1": {base, gzipped(filepath.Join(root, "src/net"), "src/net", monday)}}
	for release := 1; release <= 2; release++ {
		bin := w.path(fmt.Sprintf("lint-%d", release))
		if err := copyFile(w.path("software", fmt.Sprintf("lint-%d", release)), filepath.Join(bin, "lint")); err != nil {
			return err
		}
		images[fmt.Sprintf("lint:v%d", release)] = []corpus.Layer{base, gzipped(bin, "bin", monday.AddDate(0, 0, release))}
	}
	for name, layers := range images {
		desc, err := layout.Image(corpus.Image{Built: monday, Layers: layers})
		if err != nil {
			return err
		}
		if err := layout.Tag(desc, name); err != nil {
			return err
		}
		if err := w.upload(ctx, dir, name); err != nil {
			return err
		}
	}
	return nil
}

// upload pushes an image of the layout in dir to the registry.
func (w *workshop) upload(ctx context.Context, dir, name string) error {
	from, err := oci.NewFromFS(ctx, os.DirFS(dir))
	if err != nil {
		return err
	}
	to, err := remote.NewRepository(w.registry.Addr + "/" + name)
	if err != nil {
		return err
	}
	to.PlainHTTP = true
	_, err = oras.Copy(ctx, from, name, to, to.Reference.Reference, oras.DefaultCopyOptions)
	return err
}

// context makes the directory that an image is built from. The files are made of their text or, where that is a name,
// of that software; all have the mtime built.
func (w *workshop) context(tag string, built time.Time, files map[string]string) error {
	for name, content := range files {
		to := w.path(tag, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		var err error
		if strings.Contains(content, "\n") {
			err = os.WriteFile(to, []byte(content), 0o755)
		} else {
			err = copyFile(w.path("software", content), to)
		}
		if err != nil {
			return err
		}
	}
	return filepath.WalkDir(w.path(tag), func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(name, built, built))
	})
}

//go:embed testdata/Kubefile.*
var kubefiles embed.FS

// sealerBuild has a sealer build the image name of the files in dir.
func (m *machine) sealerBuild(ctx context.Context, binary, dir, name, kind string) error {
	family, _, _ := strings.Cut(kind, "-")
	kubefile, err := kubefiles.ReadFile("testdata/Kubefile." + family)
	if err != nil {
		return err
	}
	file := m.path("Kubefile." + family)
	if err := os.WriteFile(file, kubefile, 0o644); err != nil {
		return err
	}
	built, err := m.run(ctx, "sh", "-c", `cd "$0" && exec "$@"`, dir, // for local://
		binary, "build", "--quiet", "--type", kind, "-f", file, "-t", name, ".")
	if err == nil && built.code != 0 {
		err = fmt.Errorf("sealer build of %s: exit code %d\n%s", name, built.code, built.stderr)
	}
	return err
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

// scribble changes bytes in the middle of a file, and not its mtime.
func scribble(name string, bytes int) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if _, err := file.WriteAt([]byte(strings.Repeat("#", bytes)), info.Size()/2); err != nil {
		return errors.Join(err, file.Close())
	}
	return errors.Join(file.Close(), os.Chtimes(name, info.ModTime(), info.ModTime()))
}
