package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/bench/corpus"
)

// edited is an update of one file among many.
func edited(t *testing.T) *update {
	t.Helper()
	before := corpus.Tree{Seed: 7, Files: 8, Size: 300_000, Built: built}
	after := before
	after.Edits = map[int]uint64{3: 99}
	u, err := newUpdate(t.TempDir(), before.Layer(corpus.Uncompressed), after.Layer(corpus.Uncompressed))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestToolIsMeasured(t *testing.T) {
	u := edited(t)
	c, err := tool{encode: `cp "$2" "$3"`, decode: `cp "$3" "$2"`}.run(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if c.Bytes != u.new.tar.Size {
		t.Errorf("%d bytes were copied, and not %d", c.Bytes, u.new.tar.Size)
	}
	if c.Encode.Memory == 0 || c.Decode.Memory == 0 {
		t.Errorf("no memory was used: %+v", c)
	}
}

func TestToolMustMakeTheNewFile(t *testing.T) {
	for what, wrong := range map[string]tool{
		"old for new":    {encode: `cp "$2" "$3"`, decode: `cp "$1" "$2"`},
		"failed encoder": {encode: `cp "$2" "$3"; false`, decode: `cp "$3" "$2"`},
		"failed decoder": {encode: `cp "$2" "$3"`, decode: `cp "$3" "$2"; false`},
		"no output":      {encode: `true`, decode: `cp "$3" "$2"`},
	} {
		if c, err := wrong.run(t.Context(), edited(t)); err == nil {
			t.Errorf("%s: passed with %+v", what, c)
		}
	}
}

func TestToolRunsOnceForEachUpdate(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	known := results(filepath.Join(t.TempDir(), "results"))
	copier := installed{tool{encode: `echo >>'` + runs + `'; cp "$2" "$3"`, decode: `cp "$3" "$2"`}, "copier 1", known}
	newer := copier
	newer.release = "copier 2"
	otherwise := copier
	otherwise.encode += "; true"
	there, back := edited(t), edited(t)
	back.old, back.new = back.new, back.old

	var first cost
	for i, step := range []struct {
		tool   installed
		update *update
		runs   int
	}{
		{copier, there, 1}, {copier, there, 1}, {copier, back, 2}, {newer, there, 3}, {otherwise, there, 4}, {copier, back, 4},
	} {
		c, err := step.tool.cost(t.Context(), step.update)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = c
		}
		if i == 1 && c != first {
			t.Errorf("%+v is remembered as %+v", first, c)
		}
		lines, err := os.ReadFile(runs)
		if err != nil || len(lines) != step.runs {
			t.Errorf("step %d: %d runs and not %d, %v", i, len(lines), step.runs, err)
		}
	}
}

func TestPushSendsWhatChanged(t *testing.T) {
	u := edited(t)
	c, err := pushes[0].cost(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	// One file of 300 kB in eight changed, and content compresses to about a third.
	if c.Bytes < 50_000 || c.Bytes > 300_000 {
		t.Errorf("%d bytes were sent", c.Bytes)
	}
	u.new.root = u.old.root
	if _, err := pushes[0].cost(t.Context(), u); err == nil {
		t.Error("another image than the expected one was pulled, and passed")
	}
}

func TestPairsAreComplete(t *testing.T) {
	for _, p := range pairs {
		if p.old.Project != p.new.Project || p.old.Version == p.new.Version || p.old.SHA256 == p.new.SHA256 {
			t.Errorf("%s is no update", p)
		}
	}
}
