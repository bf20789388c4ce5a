package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func TestExitCode(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"nothing wrong", nil, 0},
		{"anything else", errors.New("disk on fire"), 1},
		{"a deadline", context.DeadlineExceeded, 1},
		{"store in use", sealift.ErrStoreInUse, 1},
		{"newer format", sealift.ErrNewerFormat, 1},
		{"usage", usageErrorf("too many"), 2},
		{"reference", sealift.ErrReference, 2},
		{"not found", sealift.ErrNotFound, 3},
		{"unauthorized", sealift.ErrUnauthorized, 4},
		{"damaged", sealift.ErrDamaged, 5},
		{"a missing part of a damaged image", errors.Join(sealift.ErrNotFound, sealift.ErrDamaged), 5},
		{"refused, which some registries call not found", errors.Join(sealift.ErrNotFound, sealift.ErrUnauthorized), 4},
		{"interrupted", errInterrupted, 130},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.err
			if err != nil {
				err = fmt.Errorf("pull localhost/kube:v1: %w", err)
			}
			if got := exitCode(err); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	hostile := errors.New("registry says \x1b[2Jhello\nand more")
	t.Run("text", func(t *testing.T) {
		var b bytes.Buffer
		c := &cli{screen: newScreen(&b)}
		c.report(hostile, "try again", 1)
		want := `sealift: registry says \x1b[2Jhello; and more` + "\nhint: try again\n"
		if b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	})
	t.Run("json", func(t *testing.T) {
		var b bytes.Buffer
		c := &cli{screen: newScreen(&b), flags: globalFlags{logFormat: formatJSON, quiet: true}}
		c.log = c.newLogger()
		c.report(hostile, "try again", 5)
		var got struct {
			Msg, Hint string
			ExitCode  int `json:"exit_code"`
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		if got.Msg != hostile.Error() || got.Hint != "try again" || got.ExitCode != 5 {
			t.Errorf("got %+v", got)
		}
	})
}

// The root help is where exit codes are documented: all of them must stand there.
func TestRootHelpListsExitCodes(t *testing.T) {
	help := rootHelp()
	for _, code := range []int{exitDone, exitFailed, exitUsage, exitNotFound, exitUnauthorized, exitDamaged, exitInterrupted} {
		if !strings.Contains(help, fmt.Sprintf("\n  %-3d  ", code)) {
			t.Errorf("exit code %d is missing in\n%s", code, help)
		}
	}
}
