package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"syscall"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// hint returns what the user of cmd can do about err; empty if there is nothing that would surely help, or the error says
// it already, as that of a registry which wants a login does.
func hint(cmd *cobra.Command, err error) string {
	var usage *usageError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &usage):
		if usage.hint != "" {
			return usage.hint
		}
		return "see '" + cmd.CommandPath() + " --help'"
	case errors.Is(err, errInterrupted) && (cmd.Name() == "push" || cmd.Name() == "pull"):
		return "run the same command again: it goes on where it stopped"
	case errors.Is(err, sealift.ErrStoreInUse):
		return "wait for the other sealift to end, or use another store: --store DIR"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the registry speaks HTTP without TLS: --plain-http"
	case errors.As(err, &certificate):
		return "add the registry's certificate authority to this machine's, or skip the check: --insecure"
	case errors.Is(err, syscall.ENOSPC):
		return "free some space and run the same command again: it goes on where it stopped"
	}
	return ""
}
