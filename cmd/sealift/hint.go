package main

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// hint returns what the user of cmd can do about err; empty if there is nothing that would surely help, or the error says
// it already, as those of registries do.
func hint(cmd *cobra.Command, err error) string {
	var usage *usageError
	resumes := cmd.Name() == "push" || cmd.Name() == "pull"
	switch {
	case errors.As(err, &usage):
		if usage.hint != "" {
			return usage.hint
		}
		return "see '" + cmd.CommandPath() + " --help'"
	case errors.Is(err, sealift.ErrStoreInUse):
		return "wait for the other sealift to end, or use another store: --store DIR"
	case errors.Is(err, errInterrupted) && resumes:
		return "run the same command again: it goes on where it stopped"
	case errors.Is(err, syscall.ENOSPC) && resumes:
		return "free some space and run the same command again: it goes on where it stopped"
	}
	return ""
}
