package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

func TestHint(t *testing.T) {
	refused := &remote.Error{Remote: "example.com:5000/kube", Err: sealift.ErrUnauthorized}
	tests := []struct {
		command string
		err     error
		want    string // a part of it
	}{
		{"push", usageErrorf("too many"), "sealift push --help"},
		{"push", &usageError{hint: "did you mean this?"}, "did you mean this?"},
		{"pull", sealift.ErrStoreInUse, "--store DIR"},
		{"pull", errInterrupted, "run the same command again"},
		{"save", errInterrupted, "run the same command again"},
		{"load", syscall.ENOSPC, "free some space"},
		{"login", errInterrupted, ""},
		{"pull", syscall.ENOSPC, "free some space"},
		{"inspect", syscall.ENOSPC, ""},
		{"push", errors.New("disk on fire"), ""},
		{"push", refused, "sealift login example.com:5000"},
		{"login", refused, ""},
		{"login", remote.ErrPlainHTTP, "--plain-http"},
		{"pull", remote.ErrHTTPS, "leave out --plain-http"},
		{"pull", remote.ErrCertificate, "--insecure"},
	}
	root := newRoot(&cli{screen: newScreen(io.Discard)})
	for _, test := range tests {
		cmd, _, err := root.Find([]string{test.command})
		if err != nil {
			t.Fatal(err)
		}
		got := hint(cmd, fmt.Errorf("image x: %w", test.err))
		if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %v: hint %q, want %q", test.command, test.err, got, test.want)
		}
	}
}
