package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// account is what login and logout print.
type account struct {
	Host string `json:"host"`
	User string `json:"username,omitempty"`
}

func newLogin(c *cli) *cobra.Command {
	var (
		user          string
		passwordStdin bool
	)
	cmd := &cobra.Command{
		Use:     "login HOST",
		GroupID: "access",
		Short:   "Check credentials for a registry, and keep them",
		Long: `Login checks a user name and a password, or token, with the registry HOST, and
keeps them where Docker does: in its credential helper if there is one, else in
its config.json ($DOCKER_CONFIG, or ~/.docker). What other tools stored there is
used as well.

What was not given is asked for on the terminal.`,
		Example: `  sealift login registry.example.com
  sealift login -u robot --password-stdin registry.example.com < token`,
		Args:              arguments(1, 1, "HOST"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if passwordStdin && user == "" {
				return usageErrorf("--password-stdin needs --username")
			}
			user, password, err := c.credentials(user, passwordStdin)
			if err != nil {
				return err
			}
			if err := remote.Login(c.ctx, args[0], user, password, c.remote()); err != nil {
				return err
			}
			return c.show(account{args[0], user}, func(w io.Writer) {
				fmt.Fprintf(w, "logged in to %s as %s\n", printable(args[0]), printable(user))
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&user, "username", "u", "", "user `NAME`")
	flags.BoolVar(&passwordStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}
