package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

func TestInsecureHint(t *testing.T) {
	for cause, wanted := range map[error]bool{
		remote.ErrCertificate: true, remote.ErrPlainHTTP: true, remote.ErrHTTPS: false, remote.ErrUnreachable: false,
	} {
		err := insecureHint(fmt.Errorf("resolve v1: %w", cause))
		if !errors.Is(err, cause) || strings.Contains(err.Error(), "--skip-tls-verify") != wanted {
			t.Errorf("%v: want a hint: %t", err, wanted)
		}
	}
}
