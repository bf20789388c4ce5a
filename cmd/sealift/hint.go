package main

import (
	"errors"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// hint returns what the user of cmd can do about err; empty if there is nothing that would surely help, or the error says
// it already.
func hint(cmd *cobra.Command, err error) string {
	var usage *usageError
	var refused *remote.Error
	resumes := slices.Contains([]string{"push", "pull", "save", "load"}, cmd.Name())
	switch {
	case errors.As(err, &usage):
		if usage.hint != "" {
			return usage.hint
		}
		return "see '" + cmd.CommandPath() + " --help'"
	case errors.As(err, &refused) && errors.Is(err, sealift.ErrUnauthorized) && cmd.Name() != "login":
		host, _, _ := strings.Cut(refused.Remote, "/")
		return "log in: sealift login " + host
	case errors.Is(err, remote.ErrPlainHTTP):
		return "allow plain HTTP: --plain-http"
	case errors.Is(err, remote.ErrHTTPS):
		return "leave out --plain-http"
	case errors.Is(err, remote.ErrCertificate):
		return "accept any certificate: --insecure"
	case errors.Is(err, sealift.ErrStoreInUse):
		return "wait for the other sealift to end, or use another store: --store DIR"
	case errors.Is(err, errInterrupted) && resumes:
		return "run the same command again: it goes on where it stopped"
	case errors.Is(err, syscall.ENOSPC) && resumes:
		return "free some space and run the same command again: it goes on where it stopped"
	}
	return ""
}
