package remote

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// writeLayout writes a layout by hand, with an index.json as another tool may have written it.
func writeLayout(t *testing.T, index string, blobs ...blob) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("oci-layout", `{"imageLayoutVersion": "1.0.0"}`)
	write("index.json", index)
	for _, b := range blobs {
		write(blobName(b.Digest), string(b.data))
	}
	return dir
}

// indexOf makes an index.json of manifests under names, which are annotations in the form key=value.
func indexOf(t *testing.T, entries ...any) string {
	t.Helper()
	var list []ocispec.Descriptor
	for i := 0; i < len(entries); i += 2 {
		desc := entries[i].(blob).Descriptor
		desc.Annotations = make(map[string]string)
		for _, annotation := range strings.Fields(entries[i+1].(string)) {
			key, value, _ := strings.Cut(annotation, "=")
			desc.Annotations[key] = value
		}
		list = append(list, desc)
	}
	data, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": list})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func openTestSource(t testing.TB, ref string) Source {
	t.Helper()
	src, err := OpenSource(t.Context(), mustParse(t, ref), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

func TestNamesInLayouts(t *testing.T) {
	a, _ := newManifest(t, randomBlob(t, 1))
	b, _ := newManifest(t, randomBlob(t, 2))
	const ref, image = ocispec.AnnotationRefName + "=", annotationImageName + "="
	for _, c := range []struct {
		tool, index string
		want        map[string]any // *blob or error
		tags        []string
	}{
		{"skopeo without a tag", indexOf(t, a, ""), map[string]any{"": a, "v1": ErrNotFound}, nil},
		{"skopeo", indexOf(t, a, ref+"v1", b, ref+"v2"), map[string]any{"v1": a, "v2": b, "v3": ErrNotFound, "": ErrReference}, []string{"v2", "v1"}},
		{"one tagged", indexOf(t, a, ref+"v1"), map[string]any{"": a, "v2": ErrNotFound}, []string{"v1"}},
		{"latest", indexOf(t, a, ref+"v1", b, ref+"latest"), map[string]any{"": b}, []string{"latest", "v1"}},
		{"same image twice", indexOf(t, a, ref+"v1", a, ref+"v2"), map[string]any{"": a, "v2": a}, []string{"v2", "v1"}},
		{
			"containerd",
			indexOf(t, a, image+"docker.io/library/alpine:3.20 "+ref+"3.20", b, image+"docker.io/library/busybox:3.20 "+ref+"3.20"),
			map[string]any{"docker.io/library/alpine:3.20": a, "alpine:3.20": a, "busybox:3.20": b, "3.20": ErrReference}, []string{"3.20"},
		},
		{
			"whole name as the tag",
			indexOf(t, a, ref+"example.com/x/y:v1", b, ref+"example.com/x/y:v2"),
			map[string]any{"example.com/x/y:v1": a, "v1": ErrNotFound}, []string{"example.com/x/y:v2", "example.com/x/y:v1"},
		},
		{"nothing", `{"schemaVersion":2,"manifests":[]}`, map[string]any{"": ErrNotFound, "latest": ErrNotFound}, nil},
	} {
		t.Run(c.tool, func(t *testing.T) {
			src := openTestSource(t, "oci:"+writeLayout(t, c.index, a, b))
			for name, want := range c.want {
				got, err := src.Resolve(t.Context(), name)
				switch want := want.(type) {
				case blob:
					if diff := cmp.Diff(want.Descriptor, got); diff != "" || err != nil {
						t.Errorf("%q: %v (-want +got):\n%s", name, err, diff)
					}
				case error:
					if !errors.Is(err, want) {
						t.Errorf("%q: %v, %v; want %v", name, got.Digest, err, want)
					}
				}
			}
			tags, err := src.Tags(t.Context())
			if diff := cmp.Diff(c.tags, tags); diff != "" || err != nil {
				t.Errorf("tags: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestManifestInsideIndex resolves one of the manifests that an index lists, which index.json does not.
func TestManifestInsideIndex(t *testing.T) {
	inner, config := newManifest(t)
	outer, err := json.Marshal(ocispec.Index{Manifests: []ocispec.Descriptor{inner.Descriptor}})
	if err != nil {
		t.Fatal(err)
	}
	index := newBlob(ocispec.MediaTypeImageIndex, outer)
	src := openTestSource(t, "oci:"+writeLayout(t, indexOf(t, index, ocispec.AnnotationRefName+"=v1"), index, inner, config))
	if desc, err := src.Resolve(t.Context(), inner.Digest.String()); err != nil || desc.MediaType != ocispec.MediaTypeImageManifest {
		t.Errorf("%+v, %v", desc, err)
	}
	if _, err := src.Resolve(t.Context(), config.Digest.String()); !errors.Is(err, ErrNotFound) {
		t.Errorf("a config as an image: %v; want ErrNotFound", err)
	}
	if _, err := src.Resolve(t.Context(), someDigest); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing as an image: %v; want ErrNotFound", err)
	}
}

func TestNoLayout(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	used := t.TempDir()
	for name, content := range map[string]string{file: "x", filepath.Join(used, "letter.txt"): "dear"} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	newer := writeLayout(t, `{}`)
	if err := os.WriteFile(filepath.Join(newer, "oci-layout"), []byte(`{"imageLayoutVersion": "2.0.0"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		filepath.Join(empty, "absent"): "not found",
		file:                           "not a directory",
		used:                           "not an OCI layout",
		newer:                          `version "2.0.0"`,
	} {
		_, err := OpenSource(t.Context(), Reference{Transport: TransportOCI, Path: path}, testOptions())
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "oci:"+path) {
			t.Errorf("source %s: %v; want %q", path, err, says)
		}
		if errors.Is(err, ErrNotFound) != (says == "not found") {
			t.Errorf("source %s: %v", path, err)
		}
	}
	for path, says := range map[string]string{file: "not a directory", used: `it contains "letter.txt"`, newer: `version "2.0.0"`} {
		_, err := OpenTarget(t.Context(), Reference{Transport: TransportOCI, Path: path}, testOptions())
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("target %s: %v; want %q", path, err, says)
		}
	}
}

func TestDamagedLayout(t *testing.T) {
	a, _ := newManifest(t)
	for name, index := range map[string]string{
		"no JSON":       `{`,
		"null":          `null`,
		"no list":       `{"manifests": {}}`,
		"no descriptor": `{"manifests": [1]}`,
		"bad digest":    `{"manifests": [{"digest": "sha256:../../../etc/passwd", "size": 1}]}`,
		"negative size": `{"manifests": [{"digest": "` + a.Digest.String() + `", "size": -1}]}`,
		"too large":     `{"x": "` + strings.Repeat("x", MaxManifest) + `"}`,
	} {
		src := openTestSource(t, "oci:"+writeLayout(t, index))
		if _, err := src.Resolve(t.Context(), "v1"); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%s: %v; want ErrDamaged", name, err)
		}
		if _, err := src.Tags(t.Context()); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%s: tags: %v; want ErrDamaged", name, err)
		}
	}
}

// TestDamagedBlobIsReplaced damages a blob on the disk: it is found out when it is read, and a push heals it.
func TestDamagedBlobIsReplaced(t *testing.T) {
	dir := t.TempDir()
	dst := openTestTarget(t, "oci:"+dir, testOptions())
	b := randomBlob(t, 10_000)
	file := filepath.Join(dir, blobName(b.Digest))
	for name, damage := range map[string]func() error{
		"truncated": func() error { return os.Truncate(file, 100) },
		"changed":   func() error { return os.WriteFile(file, make([]byte, 10_000), 0o666) },
	} {
		mustPush(t, dst, b)
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := fetch(t, dst, b.Descriptor); !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("%s: %v; want ErrDamaged", name, err)
		}
		mustPush(t, dst, b)
		mustFetch(t, dst, b)
	}
}

// TestForeignIndexIsKept tags an image in a layout of another tool: what this one put into index.json stays.
func TestForeignIndexIsKept(t *testing.T) {
	a, config := newManifest(t)
	dir := writeLayout(t, `{
		"schemaVersion": 2, "annotations": {"x": "y"}, "future": [1, 2],
		"manifests": [
			{"mediaType": "`+a.MediaType+`", "digest": "`+a.Digest.String()+`", "size": `+fmt.Sprint(a.Size)+`, "platform": {"os": "linux", "architecture": "riscv64"},
			 "future": true, "annotations": {"org.opencontainers.image.ref.name": "v1", "x": "y"}},
			{"mediaType": "`+a.MediaType+`", "digest": "`+a.Digest.String()+`", "size": `+fmt.Sprint(a.Size)+`, "annotations": {"org.opencontainers.image.ref.name": "v2"}}
		]}`, a, config)
	pushImage(t, openTestTarget(t, "oci:"+dir, testOptions()), "v2")
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Future      []int
		Annotations map[string]string
		Manifests   []struct {
			Future      bool
			Platform    ocispec.Platform
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Future) != 2 || got.Annotations["x"] != "y" || len(got.Manifests) != 2 || !got.Manifests[0].Future ||
		got.Manifests[0].Platform.Architecture != "riscv64" || got.Manifests[0].Annotations["x"] != "y" {
		t.Errorf("index.json has lost something:\n%s", data)
	}
	if got.Manifests[1].Annotations[ocispec.AnnotationRefName] != "v2" {
		t.Errorf("v2 was not replaced:\n%s", data)
	}
}

// TestOrasReadsLayout reads what was written with another implementation.
func TestOrasReadsLayout(t *testing.T) {
	dir := t.TempDir()
	manifest, layer := pushImage(t, openTestTarget(t, "oci:"+dir, testOptions()), "v1")
	store, err := oci.NewFromFS(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := store.Resolve(t.Context(), "v1")
	if err != nil || desc.Digest != manifest.Digest {
		t.Fatalf("%v, %v", desc, err)
	}
	if there, err := store.Exists(t.Context(), layer.Descriptor); !there || err != nil {
		t.Errorf("%v, %v", there, err)
	}
}

func TestLayoutIsMadeOnlyWhenWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	dst := openTestTarget(t, "oci:"+dir, testOptions())
	if _, err := dst.Resolve(t.Context(), "v1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v; want ErrNotFound", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
}

// leftovers are the files of a layout that are neither blobs nor metadata.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, privateDir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestInterruptedWriters finds what killed processes left: a layout without its last file, and temporary files. These go as soon as nobody
// writes who may need them.
func TestInterruptedWriters(t *testing.T) {
	dir := t.TempDir()
	pushImage(t, openTestTarget(t, "oci:"+dir, testOptions()), "v1")
	if got := leftovers(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
	left := filepath.Join(dir, privateDir, "tmp", "of-a-killed-process")
	if err := errors.Join(os.Remove(filepath.Join(dir, "oci-layout")), os.WriteFile(left, []byte("x"), 0o666)); err != nil {
		t.Fatal(err)
	}

	first, err := OpenTarget(t.Context(), mustParse(t, "oci:"+dir), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	// the target above is still open: it might be writing that file
	mustPush(t, first, randomBlob(t, 10))
	if got := leftovers(t, dir); !slices.Equal(got, []string{"of-a-killed-process"}) {
		t.Errorf("while someone writes, there are %v", got)
	}
	if _, err := openTestSource(t, "oci:"+dir).Resolve(t.Context(), "v1"); err != nil {
		t.Errorf("the layout was not completed: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, privateDir, "tmp", "of-a-killed-process")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o777), os.WriteFile(left, []byte("x"), 0o666)); err != nil {
		t.Fatal(err)
	}
	pushImage(t, openTestTarget(t, "oci:"+dir, testOptions()), "v1")
	if got := leftovers(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// pusherEnv makes TestPusher, run in a process of its own, push to the layout that it names.
const pusherEnv = "SEALIFT_TEST_PUSH_TO"

func TestPusher(t *testing.T) {
	ref := os.Getenv(pusherEnv)
	if ref == "" {
		t.Skip("TestProcessesShareLayout runs this")
	}
	dst := openTestTarget(t, ref, testOptions())
	for i := range 20 {
		tag := fmt.Sprintf("p%d-%d", os.Getpid(), i)
		pushImage(t, dst, tag)
		fmt.Println(tag)
	}
}

// TestProcessesShareLayout has processes push to one layout at once: every image of every one is there in the end.
func TestProcessesShareLayout(t *testing.T) {
	dir := t.TempDir()
	var pids []int
	var processes []*exec.Cmd
	for range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestPusher$")
		cmd.Env = append(os.Environ(), pusherEnv+"=oci:"+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		processes, pids = append(processes, cmd), append(pids, cmd.Process.Pid)
	}
	for _, cmd := range processes {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	src := openTestSource(t, "oci:"+dir)
	for _, pid := range pids {
		for i := range 20 {
			desc, err := src.Resolve(t.Context(), fmt.Sprintf("p%d-%d", pid, i))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fetch(t, src, desc); err != nil {
				t.Error(err)
			}
		}
	}
	if got := leftovers(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// TestKilledWriter kills a process that pushes, whatever it is doing: what it has said to be there is there, and a push
// goes on as if nothing had happened.
func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	for range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestPusher$")
		cmd.Env = append(os.Environ(), pusherEnv+"=oci:"+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		tag, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed, or was done before

		src := openTestSource(t, "oci:"+dir)
		desc, err := src.Resolve(t.Context(), strings.TrimSpace(tag))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fetch(t, src, desc); err != nil {
			t.Error(err)
		}
	}
	manifest, layer := pushImage(t, openTestTarget(t, "oci:"+dir, testOptions()), "v1")
	src := openTestSource(t, "oci:"+dir)
	mustFetch(t, src, manifest)
	mustFetch(t, src, layer)
	if got := leftovers(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestFullDisk(t *testing.T) {
	err := localError("oci:stick", "push", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !errors.Is(err, ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "oci:stick: push: write x: no space left") {
		t.Errorf("%v; want ErrNoSpace", err)
	}
}

func FuzzDecodeIndex(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"`+someDigest+`","size":0,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}`), "v1")
	f.Add([]byte(`{"manifests":null}`), "")
	f.Add([]byte(`null`), "latest")
	f.Fuzz(func(t *testing.T, data []byte, tag string) {
		index, err := decodeIndex(data)
		if err != nil {
			if !errors.Is(err, codec.ErrDamaged) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		index.find(tag)
		index.names()
		if !layoutTag.MatchString(tag) {
			return
		}
		desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: someDigest}
		if err := index.tag(desc, tag); err != nil {
			t.Fatal(err)
		}
		encoded, err := index.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeIndex(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if found := again.matching(func(e layoutEntry) bool { return slices.Contains(e.names(), tag) }); len(found) == 0 {
			t.Fatalf("%q was tagged and is not found in %s", tag, encoded)
		}
	})
}

// TestMountOfLayouts takes a blob from another layout: the same file, unless there is none to be shared.
func TestMountOfLayouts(t *testing.T) {
	b := randomBlob(t, 1000)
	away := filepath.Join(t.TempDir(), "blob")
	for name, test := range map[string]struct {
		change func(file string) error
		want   error
		same   bool
	}{
		"as it was": {func(string) error { return nil }, nil, true},
		"damaged":   {func(file string) error { return os.WriteFile(file, make([]byte, 1000), 0o666) }, codec.ErrDamaged, false},
		"a link": {func(file string) error {
			return errors.Join(os.Rename(file, away), os.Symlink(away, file))
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			mustPush(t, openTestTarget(t, "oci:"+from, testOptions()), b)
			file := filepath.Join(from, blobName(b.Digest))
			if err := test.change(file); err != nil {
				t.Fatal(err)
			}
			dst := openTestTarget(t, "oci:"+to, testOptions())
			if err := dst.Mount(t.Context(), b.Descriptor, mustParse(t, "oci:"+from)); !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if test.want != nil {
				return
			}
			mustFetch(t, dst, b)
			one, err := os.Lstat(file)
			if err != nil {
				t.Fatal(err)
			}
			other, err := os.Lstat(filepath.Join(to, blobName(b.Digest)))
			if err != nil || os.SameFile(one, other) != test.same || !other.Mode().IsRegular() {
				t.Errorf("the same file: %t, %v", os.SameFile(one, other), err)
			}
		})
	}
}
