package e2e

import (
	"debug/elf"
	"path/filepath"
	"strings"
	"testing"
)

// TestStatic checks that the binary needs no library and no interpreter.
func TestStatic(t *testing.T) {
	file, err := elf.Open(sealift)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a segment %s", segment.Type)
		}
	}
}

func TestCrossBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything three times")
	}
	for _, system := range []string{"linux/arm64", "darwin/arm64", "windows/amd64"} {
		t.Run(system, func(t *testing.T) {
			goos, goarch, _ := strings.Cut(system, "/")
			if err := build(filepath.Join(t.TempDir(), "sealift"), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch); err != nil {
				t.Error(err)
			}
		})
	}
}
