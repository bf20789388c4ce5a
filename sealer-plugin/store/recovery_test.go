package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// filledStore makes a store of two packs with the samples, and closes it.
func filledStore(t *testing.T, samples []sample) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	appendAndFlush(t, s, samples[:2]...)
	appendAndFlush(t, s, samples[2:]...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenAfterLossOfTheIndex(t *testing.T) {
	samples := newSamples(t, 4, 150<<10)
	random := rand.NewChaCha8([32]byte{})
	tests := map[string]func(t *testing.T, path string){
		"deleted": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"empty":        func(t *testing.T, path string) { truncate(t, path, 0) },
		"hardly begun": func(t *testing.T, path string) { truncate(t, path, 4096) },
		"cut off":      func(t *testing.T, path string) { truncate(t, path, 4*4096) },
		"other file": func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("other "), 10_000), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"garbage behind the meta pages": func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = random.Read(b[2*os.Getpagesize():])
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filledStore(t, samples)
			damage(t, filepath.Join(dir, "index.db"))
			s := openStore(t, dir)
			wantReadable(t, s, chunksOf(samples...))
			appendAndFlush(t, s, newSamples(t, 1, 90<<10)...) // and it can be written to
			wantReadable(t, s, chunksOf(samples...))
		})
	}
}

// Damage that shows only in use is an error, not a crash, and gone after the next Open.
func TestIndexDamagedInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open index cannot be changed on Windows")
	}
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	frames := fakeFrames(10, 1000, 1000)
	appendAndFlush(t, s, frames...)
	truncate(t, s.path("index.db"), 8*4096)
	_, err = s.Missing(chunksOf(frames...))
	if !errors.Is(err, codec.ErrDamaged) || !strings.Contains(err.Error(), s.path("index.db")) {
		t.Errorf("missing: %v, want ErrDamaged with the name of the index", err)
	}
	if err := s.Append(t.Context(), frames[0].Frame, frames[0].Extents); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("flush: %v, want ErrDamaged", err)
	}
	if err := s.Close(); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("close: %v, want ErrDamaged", err)
	}
	s = openStore(t, dir)
	if lacking := missing(t, s, chunksOf(frames...)); len(lacking) > 0 {
		t.Errorf("%d chunks are missing after the next open", len(lacking))
	}
}

func TestOpenAfterACrash(t *testing.T) {
	samples := newSamples(t, 4, 150<<10)
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := s.dir
	appendAndFlush(t, s, samples[:2]...)
	// A pack that was published, but not entered; one that is begun; a blob that is begun.
	p := &packWriter{number: 1}
	if p.draft, err = newDraft(s.path("tmp")); err != nil {
		t.Fatal(err)
	}
	if err := p.add(samples[2].Frame, mustFrame(t, samples[2])); err != nil {
		t.Fatal(err)
	}
	if err := p.finish(s.packPath(1)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"draft-1", "draft-2"} {
		if err := os.WriteFile(s.path("tmp", name), samples[3].Frame, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.release(); err != nil { // closes without a flush
		t.Fatal(err)
	}

	s = openStore(t, dir)
	wantReadable(t, s, chunksOf(samples[:3]...))
	if left, err := os.ReadDir(s.path("tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	appendAndFlush(t, s, samples[3])
	wantReadable(t, s, chunksOf(samples...))
}

func mustFrame(t *testing.T, f sample) frame {
	t.Helper()
	made, err := newFrame(f.Frame, f.Extents)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestOpenWithPacksChanged(t *testing.T) {
	samples := newSamples(t, 4, 150<<10)
	const first, second = "00000000.pack", "00000001.pack"
	tests := []struct {
		name   string
		change func(t *testing.T, packs string)
		lost   []sample
		packs  []string
	}{
		{
			"one is gone",
			func(t *testing.T, packs string) {
				if err := os.Remove(filepath.Join(packs, first)); err != nil {
					t.Fatal(err)
				}
			},
			samples[:2], []string{second},
		},
		{
			"all are gone",
			func(t *testing.T, packs string) {
				if err := os.RemoveAll(packs); err != nil {
					t.Fatal(err)
				}
			},
			samples, nil,
		},
		{
			"an unknown one is unreadable",
			func(t *testing.T, packs string) {
				if err := os.WriteFile(filepath.Join(packs, "00000007.pack"), []byte("SLS1"), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			nil, []string{first, second},
		},
		{
			"files of others",
			func(t *testing.T, packs string) {
				for _, name := range []string{"7.pack", "0000000A.pack", "00000008.pack~", "ffffffff.pack"} {
					if err := os.WriteFile(filepath.Join(packs, name), []byte("x"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			},
			nil, []string{first, second, "00000008.pack~", "0000000A.pack", "7.pack", "ffffffff.pack"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filledStore(t, samples)
			tt.change(t, filepath.Join(dir, "packs"))
			s := openStore(t, dir)
			if got := missing(t, s, chunksOf(samples...)); len(got) != len(chunksOf(tt.lost...)) {
				t.Errorf("%d chunks are missing, want %d", len(got), len(chunksOf(tt.lost...)))
			}
			files, err := os.ReadDir(s.path("packs"))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range files {
				names = append(names, f.Name())
			}
			if strings.Join(names, " ") != strings.Join(tt.packs, " ") {
				t.Errorf("packs %v, want %v", names, tt.packs)
			}
			appendAndFlush(t, s, tt.lost...)
			wantReadable(t, s, chunksOf(samples...))
		})
	}
}

func TestOpenRefusesAnotherVersion(t *testing.T) {
	samples := newSamples(t, 4, 150<<10)
	dir := filledStore(t, samples)
	version := filepath.Join(dir, "version")
	before, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), `version "2" is unknown`) {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(version, before, 0o600); err != nil {
		t.Fatal(err)
	}
	wantReadable(t, openStore(t, dir), chunksOf(samples...)) // nothing was touched
}

func TestOpenTwice(t *testing.T) {
	s := openStore(t, t.TempDir())
	_, err := Open(s.dir)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), s.dir) {
		t.Errorf("error %v, want ErrInUse with the directory", err)
	}
}

func TestOpenWhereNoStoreCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one with the name of the file", err)
	}
}
