package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newCompletion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "Print the completion script for a shell",
		Long: `Completion prints a script that teaches a shell the commands and flags of
sealift. Load it in the running shell, or put it where the shell looks for such
scripts.`,
		Example: `  source <(sealift completion bash)
  sealift completion bash > /etc/bash_completion.d/sealift
  sealift completion zsh > "${fpath[1]}/_sealift"
  sealift completion fish > ~/.config/fish/completions/sealift.fish
  sealift completion powershell | Out-String | Invoke-Expression`,
		Args:              arguments(1, 1, "bash, zsh, fish or powershell"),
		ValidArgsFunction: cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usageErrorf("shell %q is unknown: must be bash, zsh, fish or powershell", args[0])
		},
	}
}

// completeReferences offers the beginnings of references for the first n arguments.
func completeReferences(n int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return []string{
			"oci:\tan OCI image layout: a directory",
			"oci-archive:\tan OCI image layout in a tar file",
			"docker-archive:\twhat docker save wrote",
		}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}
