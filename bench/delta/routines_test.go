package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestMain is the program itself when that runs itself.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-process") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestRoutinesAreMeasured(t *testing.T) {
	c, err := routines{3}.cost(t.Context(), edited(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Raw < 300_000 || c.Encode.CPU == 0 || c.Decode.CPU == 0 || c.Encode.Memory == 0 || c.Decode.Memory == 0 {
		t.Errorf("%+v", c)
	}
}

func TestOnlyRoutinesTakeTime(t *testing.T) {
	u, dir := edited(t), t.TempDir()
	plan := filepath.Join(dir, "plan")
	if err := writePlan(plan, nil); err != nil {
		t.Fatal(err)
	}
	used, err := routines{3}.measure(t.Context(), "encode", plan, u.old.file, u.new.file, filepath.Join(dir, "deltas"))
	if err != nil {
		t.Fatal(err)
	}
	if used.CPU != 0 {
		t.Errorf("with nothing to encode, it took %v", used.CPU)
	}
}
