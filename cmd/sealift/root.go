package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// cli is what all commands share: the streams, the global flags, and what follows from them.
type cli struct {
	stdin  io.Reader
	stdout io.Writer
	screen *screen // standard error
	flags  globalFlags
	log    *slog.Logger
	ctx    context.Context // of the running command; ended by a signal
}

// run executes one command line and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &cli{stdin: stdin, stdout: stdout, screen: newScreen(stderr), ctx: context.Background()}
	c.log = c.newLogger()
	root := newRoot(c)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(c.ctx)
	return c.finish(cmd, err)
}

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:     "sealift",
		Short:   "Push and pull container images by chunks",
		Long:    rootHelp(),
		Example: rootExamples,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: c.prepare,
		SilenceErrors:     true,
		SilenceUsage:      true,
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	c.flags.register(root)
	root.AddGroup(
		&cobra.Group{ID: "images", Title: "Images:"},
		&cobra.Group{ID: "access", Title: "Registries:"},
	)
	root.AddCommand(
		newPush(c), newPull(c), newSave(c), newLoad(c), newInspect(c), newDiff(c), newVerify(c),
		newLogin(c), newLogout(c),
		newVersion(c), newCompletion(),
	)
	root.SetHelpCommand(newHelp(root))
	for _, cmd := range root.Commands() {
		cmd.Flags().SortFlags = false
		cmd.InheritedFlags().SortFlags = false
	}
	return root
}

// prepare runs before every command, after its arguments were found to be right.
func (c *cli) prepare(cmd *cobra.Command, _ []string) error {
	if err := fromEnvironment(cmd.Flags()); err != nil {
		return err
	}
	if c.flags.quiet && c.flags.verbose {
		return usageErrorf("-q and -v exclude each other")
	}
	c.log = c.newLogger()
	c.ctx = c.interruptible(cmd.Context())
	cmd.SetContext(c.ctx)
	return nil
}

// options are what the global flags mean to package sealift.
func (c *cli) options() sealift.Options {
	o := sealift.Options{
		Jobs:  c.flags.jobs,
		Store: c.flags.store,
		Log:   c.log,
	}
	o.Remote = c.remote()
	return o
}

func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about a command",
		Example: "  sealift help push",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, cmd := range root.Commands() {
				names = append(names, cmd.Name()+"\t"+cmd.Short)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// arguments requires between least and most arguments, which usage names.
func arguments(least, most int, usage string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usageErrorf("%s takes %s: %d given", cmd.Name(), usage, len(args))
		}
		return nil
	}
}

func rootHelp() string {
	var b strings.Builder
	b.WriteString(rootIntroduction)
	b.WriteString("\nExit codes:\n")
	for _, o := range outcomes {
		fmt.Fprintf(&b, "  %-3d  %s\n", o.code, o.meaning)
	}
	b.WriteString("\nEnvironment (a flag comes first):\n")
	for _, e := range environment {
		fmt.Fprintf(&b, "  %-19s  as --%s\n", e.variable, e.flag)
	}
	b.WriteString(otherEnvironment)
	return b.String()
}

const rootIntroduction = `Sealift pushes and pulls container images by chunks: only what the other side
lacks travels, through any OCI registry or through a directory. What comes out
is byte for byte what went in.

References:
  host/repo:tag[@digest]          an image in a registry
  oci:DIR[:tag]                   in an OCI image layout: a directory
  oci-archive:FILE[:tag]          the same in a tar file
  docker-archive:FILE[:name:tag]  what "docker save" wrote; only as a source
`

const otherEnvironment = `  DOCKER_CONFIG        directory of the config.json with the credentials
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                       the proxy to go through, and for which hosts not to
`

const rootExamples = `  sealift push docker-archive:kube.tar registry.example.com/kube:v1
  sealift pull registry.example.com/kube:v1 oci:kube:v1
  sealift diff registry.example.com/kube:v1 registry.example.com/kube:v2`
