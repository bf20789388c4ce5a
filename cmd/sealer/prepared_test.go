package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

// written is a layout that says which bases it was given.
func written(id string, seen *[]string) func(string, []string) error {
	return func(layout string, bases []string) error {
		for _, base := range bases {
			*seen = append(*seen, filepath.Base(base))
		}
		if err := os.Mkdir(layout, 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(layout, "image"), []byte(id), 0o600)
	}
}

func TestOnePreparedImageOfEachRepository(t *testing.T) {
	p := prepared(filepath.Join(t.TempDir(), "prepared"))
	if found := p.find("1a"); found != "" {
		t.Errorf("found %s before there was any", found)
	}
	for _, image := range []struct {
		repository, id string
		bases          []string
	}{
		{"localhost/kube", "1a", nil},
		{"localhost/app", "2b", nil},
		{"localhost/kube", "3c", []string{"1a"}},
		{"localhost/kube", "3c", nil}, // it is there
	} {
		var bases []string
		if err := p.put(image.repository, image.id, written(image.id, &bases)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(bases, image.bases) {
			t.Errorf("%s of %s was given the bases %v, want %v", image.id, image.repository, bases, image.bases)
		}
	}
	for id, there := range map[string]bool{"1a": false, "2b": true, "3c": true} {
		data, err := os.ReadFile(filepath.Join(p.find(id), "image"))
		if err == nil != there || there && string(data) != id {
			t.Errorf("%s: %q, %v; want it there: %t", id, data, err, there)
		}
	}
}

// TestPrepareFails leaves nothing behind, also not what may be the reason; neither does a process that was killed.
func TestPrepareFails(t *testing.T) {
	p := prepared(t.TempDir())
	var bases []string
	if err := p.put("localhost/kube", "1a", written("1a", &bases)); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more space")
	err := p.put("localhost/kube", "2b", func(layout string, bases []string) error {
		return errors.Join(written("2b", &bases)(layout, nil), failure)
	})
	if !errors.Is(err, failure) || p.find("1a") != "" || p.find("2b") != "" {
		t.Errorf("error %v; left: %q, %q", err, p.find("1a"), p.find("2b"))
	}
	killed := filepath.Join(string(p), "*", "lock")
	locks, err := filepath.Glob(killed)
	if err != nil || len(locks) != 1 {
		t.Fatalf("%v, %v", locks, err)
	}
	if err := os.MkdirAll(filepath.Join(filepath.Dir(locks[0]), "unfinished", "blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := p.put("localhost/kube", "3c", written("3c", &bases)); err != nil || len(bases) > 0 {
		t.Errorf("bases %v, %v", bases, err)
	}
}

func TestPrepareAtOnce(t *testing.T) {
	p := prepared(t.TempDir())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			id := fmt.Sprintf("%02x", i)
			if err := p.put("localhost/kube", id, written(id, new([]string))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	left := 0
	for i := range 8 {
		if p.find(fmt.Sprintf("%02x", i)) != "" {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d images are left, want the last", left)
	}
}

func TestPushOfWhatIsPrepared(t *testing.T) {
	for name, test := range map[string]struct {
		outcome error // of a push with what was prepared
		kept    bool
	}{
		"done":        {nil, true},
		"damaged":     {fmt.Errorf("pack: %w", sealift.ErrDamaged), false},
		"removed":     {fmt.Errorf("pack: %w", sealift.ErrNotFound), false},
		"not allowed": {sealift.ErrUnauthorized, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SEALIFT_ROOT", t.TempDir())
			if err := preparedImages().put("localhost/kube", "1a", written("1a", new([]string))); err != nil {
				t.Fatal(err)
			}
			l := &lift{Transport: new(transport.Transport)}
			pushes := 0
			err := l.pushPrepared("1a", func() error {
				pushes++
				if l.Options.Prepared == "" {
					return nil
				}
				return test.outcome
			})
			if kept := preparedImages().find("1a") != ""; kept != test.kept {
				t.Errorf("kept: %t", kept)
			}
			if test.kept && (pushes != 1 || !errors.Is(err, test.outcome)) || !test.kept && (pushes != 2 || err != nil) {
				t.Errorf("%d pushes, error %v", pushes, err)
			}
		})
	}
}
