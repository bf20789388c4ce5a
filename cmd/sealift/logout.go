package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

func newLogout(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "logout HOST",
		GroupID: "access",
		Short:   "Forget the credentials for a registry",
		Long: `Logout removes the credentials for the registry HOST from where login, or
another tool, has put them.`,
		Example:           "  sealift logout registry.example.com",
		Args:              arguments(1, 1, "HOST"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := remote.Logout(c.ctx, args[0]); err != nil {
				return err
			}
			return c.show(account{Host: args[0]}, func(w io.Writer) {
				fmt.Fprintf(w, "logged out from %s\n", printable(args[0]))
			})
		},
	}
}
