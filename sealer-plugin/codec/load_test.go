package codec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNewRefusesOtherModules(t *testing.T) {
	tests := []struct {
		name   string
		module []byte
		want   string
	}{
		{"no wasm", []byte("PK\x03\x04"), "invalid magic number"},
		{"empty", nil, "invalid magic number"},
		{"cut short", testModule{}.encode()[:40], "load storage routines"},
		{"later interface", testModule{results: map[routine]int64{routineABIVersion: 2}}.encode(), "version 2"},
		{"small arena", testModule{results: map[routine]int64{routineArenaSize: int64(minArena) - 1}}.encode(), "arena"},
		{"arena outside memory", testModule{results: map[routine]int64{routineArena: 2 << 20}}.encode(), "arena"},
		{"negative arena", testModule{results: map[routine]int64{routineArena: -1}}.encode(), "arena"},
		{"no stamp", testModule{results: map[routine]int64{routineStamp: 0}}.encode(), "stamp"},
		{"trap in stamp", testModule{traps: routineStamp}.encode(), "stamp"},
		{"trap in arena", testModule{traps: routineArena}.encode(), "arena"},
		{"missing routine", testModule{missing: routineRestore}.encode(), "does not export restore"},
		{"other parameters", testModule{params: 1}.encode(), "split with other parameters"},
		{"growing memory", testModule{growable: true}.encode(), "fixed size"},
		{"imports", testModule{imports: true}.encode(), "imports"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newCodec(t.Context(), tt.module, Options{Engine: Wazero})
			if err == nil {
				t.Fatal(errors.Join(errors.New("module was accepted"), c.Close(t.Context())))
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestNewHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newCodec(ctx, testModule{}.encode(), Options{Engine: Wazero}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestCompiledCodeIsCached(t *testing.T) {
	dir := t.TempDir()
	load(t, dir)
	files := cacheFiles(t, dir)
	if len(files) != 1 {
		t.Fatalf("the cache has %d files, want 1", len(files))
	}
	before, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	load(t, dir)
	after, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the second codec compiled anew")
	}
}

func TestDamagedCacheIsReplaced(t *testing.T) {
	damages := map[string]func([]byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut short": func(b []byte) []byte { return b[:len(b)/2] },
		"bit flipped in the code": func(b []byte) []byte {
			b[len(b)*3/4] ^= 1
			return b
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			load(t, dir)
			file := cacheFiles(t, dir)[0]
			good, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(append([]byte(nil), good...)), 0o600); err != nil {
				t.Fatal(err)
			}
			load(t, dir) // finds the damage
			load(t, dir) // writes the cache again
			healed, err := os.ReadFile(cacheFiles(t, dir)[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(healed) != len(good) {
				t.Errorf("the cache has %d bytes, want %d again", len(healed), len(good))
			}
		})
	}
}

func TestUnusableCacheIsDoneWithout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	load(t, filepath.Join(file, "cache"))
}

// load makes a codec of a test module with a cache in dir, and closes it again.
func load(t *testing.T, dir string) {
	t.Helper()
	c, err := newCodec(t.Context(), testModule{}.encode(), Options{Engine: Wazero, CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func cacheFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "wazero", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
