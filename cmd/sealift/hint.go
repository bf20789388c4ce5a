package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"syscall"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// hint returns what the user of cmd can do about err; empty if there is nothing that would surely help.
func hint(cmd *cobra.Command, err error) string {
	var usage *usageError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &usage):
		if usage.hint != "" {
			return usage.hint
		}
		return "see '" + cmd.CommandPath() + " --help'"
	case errors.Is(err, errInterrupted):
		return "run the same command again: what has been transferred is not transferred again"
	case errors.Is(err, sealift.ErrUnauthorized) && cmd.Name() != "login":
		return "log in: sealift login " + registryOf(cmd.Flags().Args())
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

// registryOf returns the host that the references among args name, or HOST if that is not clear.
func registryOf(args []string) string {
	host := ""
	for _, arg := range args {
		ref, err := remote.ParseReference(arg)
		if err != nil || ref.Host == "" || ref.Host == host {
			continue
		}
		if host != "" {
			return "HOST"
		}
		host = ref.Host
	}
	if host == "" {
		return "HOST"
	}
	return host
}
