package remote

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

func openArchive(t *testing.T, file string) *Archive {
	t.Helper()
	a, err := OpenArchive(t.Context(), mustParse(t, "oci-archive:"+file), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sent returns what is written meanwhile.
func sent(a *Archive, during func()) int64 {
	before := a.meter.Snapshot().Sent
	during()
	return a.meter.Snapshot().Sent - before
}

func TestArchiveOfSeveralImages(t *testing.T) {
	file := filepath.Join(t.TempDir(), "images.tar")
	a := openArchive(t, file)
	shared, since := randomBlob(t, 10_000), []Since{{"example.com/app:v0", randomBlob(t, 1).Digest}}
	one, config := newManifest(t, shared)
	two, _ := newManifest(t, shared, randomBlob(t, 10))
	mustPush(t, a, shared, config, one, two)
	annotated, err := WithSince(two.Descriptor, since)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Tag(t.Context(), one.Descriptor, "v1"), a.Tag(t.Context(), annotated, "v2")); err != nil {
		t.Fatal(err)
	}
	if tags, err := a.Tags(t.Context()); err != nil || !slices.Equal(tags, []string{"v2", "v1"}) {
		t.Errorf("tags before it is complete: %v, %v", tags, err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the archive is there before it is complete")
	}
	if err := errors.Join(a.Complete(), a.Close()); err != nil {
		t.Fatal(err)
	}
	src := openTestSource(t, "oci-archive:"+file)
	for tag, want := range map[string]blob{"v1": one, "v2": two} {
		if desc, err := src.Resolve(t.Context(), tag); err != nil || desc.Digest != want.Digest {
			t.Errorf("%s: %+v, %v; want %s", tag, desc, err, want.Digest)
		}
	}
	mustFetch(t, src, shared)
	for manifest, want := range map[*blob][]Since{&one: nil, &two: since} {
		if got, err := src.Since(t.Context(), manifest.Digest); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s leaves out what %v has, %v; want %v", manifest.Digest, got, err, want)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("beside the archive lies more: %v, %v", entries, err)
	}
}

// TestResumedArchive breaks off at each byte of some interest, and expects to find what was intact before.
func TestResumedArchive(t *testing.T) {
	blobs := []blob{randomBlob(t, 1000), randomBlob(t, 2048), randomBlob(t, 0), randomBlob(t, 700)}
	manifest, config := newManifest(t, blobs...)
	all := append(slices.Clone(blobs), config, manifest)
	whole := filepath.Join(t.TempDir(), "image.tar")
	write := func(file string, left []byte) (written int64) {
		if left != nil {
			if err := os.WriteFile(file+".partial", left, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		a := openArchive(t, file)
		written = sent(a, func() { mustPush(t, a, all...) })
		if err := errors.Join(a.Tag(t.Context(), manifest.Descriptor, "v1"), a.Complete(), a.Close()); err != nil {
			t.Fatal(err)
		}
		return written
	}
	full := write(whole, nil)
	want := readFile(t, whole)
	const first, second = 512 + 1024, 512 + 2048 // what these blobs take
	damaged := slices.Clone(want)
	damaged[first+600] ^= 1
	for name, c := range map[string]struct {
		left []byte
		kept int64
	}{
		"nothing":             {nil, 0},
		"half a header":       {want[:300], 0},
		"half a blob":         {want[:1000], 0},
		"no padding":          {want[:1513], 0},
		"one blob":            {want[:first], first},
		"one and a header":    {want[:first+512], first},
		"two and a half":      {want[:first+second+100], first + second},
		"an empty one":        {want[:first+second+512], first + second + 512},
		"all but its place":   {want, full},
		"a damaged blob":      {damaged, first},
		"a hole":              {append(slices.Clone(want[:first]), make([]byte, 4000)...), first},
		"the same blob twice": {append(slices.Clone(want[:first]), want...), first},
		"something else":      {[]byte(strings.Repeat("no tar ", 200)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "image.tar")
			if n := write(file, c.left); n != full-c.kept {
				t.Errorf("wrote %d bytes of %d, want %d", n, full, full-c.kept)
			}
			if !bytes.Equal(readFile(t, file), want) {
				t.Error("the archive is another one")
			}
		})
	}
}

// TestArchiveDropsOthers finishes in the file of another save.
func TestArchiveDropsOthers(t *testing.T) {
	own := []blob{randomBlob(t, 100_000), randomBlob(t, 3000)}
	other := []blob{randomBlob(t, 5000), randomBlob(t, 200_000), randomBlob(t, 1)}
	manifest, config := newManifest(t, own...)
	file := filepath.Join(t.TempDir(), "image.tar")

	a := openArchive(t, file)
	mustPush(t, a, other[0], own[0], other[1], own[1], other[2])
	if err := a.Push(t.Context(), manifest.Descriptor, strings.NewReader("{}")); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("%v; want ErrDamaged", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = openArchive(t, file)
	mustPush(t, a, own...)
	mustPush(t, a, config, manifest)
	if err := errors.Join(a.Tag(t.Context(), manifest.Descriptor, "v1"), a.Complete()); err != nil {
		t.Fatal(err)
	}
	mustFetch(t, a, own[1])
	src := openTestSource(t, "oci-archive:"+file)
	for _, b := range append(own, config, manifest) {
		mustFetch(t, src, b)
	}
	if there, err := src.Exists(t.Context(), other[1].Descriptor); there || err != nil {
		t.Errorf("a blob of another save is there: %v, %v", there, err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() > 120_000 {
		t.Errorf("the archive has %d bytes, %v", info.Size(), err)
	}
}

func TestArchiveThatIsEmpty(t *testing.T) {
	file := filepath.Join(t.TempDir(), "image.tar")
	a := openArchive(t, file)
	if _, err := OpenArchive(t.Context(), mustParse(t, "oci-archive:"+file), testOptions()); err == nil || !strings.Contains(err.Error(), "another process is writing") {
		t.Errorf("two who write one archive: %v", err)
	}
	if err := a.Complete(); err == nil {
		t.Error("an archive of no images is complete")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file + ".partial"); err == nil {
		t.Error("an empty file was left")
	}
}
