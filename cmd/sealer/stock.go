package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/sealerio/sealer/common"
	"github.com/sealerio/sealer/version"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// The commands that sealer has in one package with its root command, word for word.

const completionDescription = `Generate the autocompletion script for sealer for the bash shell.
To load completions in your current shell session:

	source <(sealer completion bash)

To load completions for every new session, execute once:

- Linux :
	## If bash-completion is not installed on Linux, please install the 'bash-completion' package
		sealer completion bash > /etc/bash_completion.d/sealer
	`

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:                   "completion",
		Short:                 "generate autocompletion script for bash",
		Long:                  completionDescription,
		DisableFlagsInUseLine: true,
		ValidArgs:             []string{"bash"},
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		Run: func(cmd *cobra.Command, _ []string) {
			if err := cmd.Root().GenBashCompletion(common.StdOut); err != nil {
				logrus.Errorf("failed to use bash completion, %v", err)
				os.Exit(1)
			}
		},
	}
}

func newVersion() *cobra.Command {
	var short bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "show sealer and related versions",
		Args:    cobra.NoArgs,
		Example: `sealer version`,
		RunE: func(*cobra.Command, []string) error {
			full, err := json.Marshal(version.Get())
			if err != nil {
				return err
			}
			if short {
				fmt.Println(version.Get().String())
			} else {
				fmt.Println(string(full))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&short, "short", false, "if true, print sealer's own version number.")
	return cmd
}

func newGenDoc() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:           "gen-doc",
		Short:         "generate document for sealer CLI with MarkDown format",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(path); err != nil {
				if os.IsNotExist(err) {
					return fmt.Errorf("path %s does not exits, please check your gen-doc input flag --path", path)
				}
				return err
			}
			return doc.GenMarkdownTree(cmd.Parent(), path)
		},
	}
	cmd.Flags().StringVarP(&path, "path", "p", "/tmp", "destination path of generated markdown documents")
	return cmd
}
