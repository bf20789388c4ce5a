package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// patched is an update of a large file, all over which bytes changed.
func patched(t *testing.T) *update {
	t.Helper()
	before := corpus.Tree{Seed: 7, Files: 1, Size: 9_000_000, Built: built}
	after := before
	after.Patch = 99
	u, err := newUpdate(t.TempDir(), before.Layer(corpus.Uncompressed), after.Layer(corpus.Uncompressed))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWindowsHoldWhatIsNew(t *testing.T) {
	for what, test := range map[string]struct {
		update *update
		least  int
		most   int
	}{
		"one file": {edited(t), 300_000, 300_000 + 2*codec.MaxChunk},
		"all over": {patched(t), 8_000_000, 9_000_000 + codec.MaxChunk},
	} {
		windows, err := openWindows(t.Context(), test.update.old.file, test.update.new.file)
		if err != nil {
			t.Fatal(err)
		}
		raw := 0
		for _, w := range windows {
			raw += w.Raw
			size := 0
			for _, p := range w.Chunks {
				size += int(p.Size)
			}
			end := w.Base + int64(w.BaseSize)
			if size != w.Raw || w.Raw > codec.MaxDelta {
				t.Errorf("%s: a window of %d bytes, in chunks of %d", what, w.Raw, size)
			}
			if w.Base < 0 || end > test.update.old.tar.Size || w.BaseSize > codec.MaxDeltaBase {
				t.Errorf("%s: a base of %d bytes at %d", what, w.BaseSize, w.Base)
			}
		}
		if raw < test.least || raw > test.most {
			t.Errorf("%s: %d bytes are new, not %d to %d", what, raw, test.least, test.most)
		}
	}
}

func TestProcessesDecodeWhatTheyEncode(t *testing.T) {
	u, dir := patched(t), t.TempDir()
	windows, err := openWindows(t.Context(), u.old.file, u.new.file)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := writePlan(in("plan"), windows); err != nil {
		t.Fatal(err)
	}
	encode := []string{in("plan"), u.old.file, u.new.file, in("deltas")}
	if _, err := runProcess(t.Context(), "encode", 3, encode); err != nil {
		t.Fatal(err)
	}
	decode := []string{in("plan"), u.old.file, in("deltas"), in("decoded")}
	if _, err := runProcess(t.Context(), "decode", 3, decode); err != nil {
		t.Fatal(err)
	}
	decoded, err := os.ReadFile(in("decoded"))
	if err != nil {
		t.Fatal(err)
	}
	tar, err := os.ReadFile(u.new.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range windows {
		for _, p := range w.Chunks {
			if !bytes.Equal(decoded[:p.Size], tar[p.At:][:p.Size]) {
				t.Fatalf("the chunk at %d is another one", p.At)
			}
			decoded = decoded[p.Size:]
		}
	}
	if len(decoded) > 0 {
		t.Errorf("%d bytes are left", len(decoded))
	}
	// Against other bytes, the chunks are not those of the plan.
	decode[1] = u.new.file
	if _, err := runProcess(t.Context(), "decode", 3, decode); err == nil {
		t.Error("another base gives the same")
	}
}

func TestMedian(t *testing.T) {
	got := median([]usage{{3 * time.Second, 10}, {time.Second, 20}, {2 * time.Second, 30}})
	if want := (usage{2 * time.Second, 30}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}
