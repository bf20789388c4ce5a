package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Values of --format, --log-format and --progress.
const (
	formatText = "text"
	formatJSON = "json"

	progressAuto  = "auto"
	progressPlain = "plain"
	progressNone  = "none"
)

const maxJobs = 256

// environment lists the variables that stand for a flag which was not given.
var environment = []struct{ variable, flag string }{
	{"SEALIFT_STORE", "store"},
	{"SEALIFT_JOBS", "jobs"},
	{"SEALIFT_LEVEL", "level"},
	{"SEALIFT_PROGRESS", "progress"},
	{"SEALIFT_LOG_FORMAT", "log-format"},
}

// globalFlags are those that every command takes.
type globalFlags struct {
	store     string
	jobs      int
	plainHTTP bool
	insecure  bool
	format    string
	progress  string
	logFormat string
	quiet     bool
	verbose   bool
}

func (f *globalFlags) register(root *cobra.Command) {
	root.Flags().SortFlags = false
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.BoolVar(&f.plainHTTP, "plain-http", false, "talk to registries by HTTP without TLS")
	flags.BoolVar(&f.insecure, "insecure", false, "do not check the certificates of registries")
	flags.StringVar(&f.store, "store", "", "keep the local store in `DIR` (default: sealift in the XDG data directory)")
	flags.Var(&number{&f.jobs, 1, maxJobs}, "jobs", "work on bytes with `N` CPUs (default: all)")
	addChoice(root, flags, &f.format, "format", "how to print the result", formatText, formatJSON)
	addChoice(root, flags, &f.progress, "progress", "live bars on a terminal, lines, or nothing", progressAuto, progressPlain, progressNone)
	addChoice(root, flags, &f.logFormat, "log-format", "how to print messages", formatText, formatJSON)
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no hints; of the result one line")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "more messages; lists and digests at full length")
}

func (c *cli) remote() remote.Options {
	return remote.Options{
		PlainHTTP: c.flags.plainHTTP,
		Insecure:  c.flags.insecure,
		UserAgent: "sealift/" + buildVersion(),
	}
}

// fromEnvironment sets those flags that were not given and for which a variable of the environment is.
func fromEnvironment(flags *pflag.FlagSet) error {
	for _, e := range environment {
		f, value := flags.Lookup(e.flag), os.Getenv(e.variable)
		if f == nil || f.Changed || value == "" {
			continue
		}
		if err := f.Value.Set(value); err != nil {
			return usageErrorf("environment variable %s=%q: %v", e.variable, value, err)
		}
	}
	return nil
}

// choice is a flag that takes one of a few words.
type choice struct {
	value    *string
	accepted []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return strings.Join(c.accepted, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.accepted, s) {
		last := len(c.accepted) - 1
		return fmt.Errorf("must be %s or %s", strings.Join(c.accepted[:last], ", "), c.accepted[last])
	}
	*c.value = s
	return nil
}

// addChoice adds a flag of cmd that takes one of the accepted words, the first of which is the default.
func addChoice(cmd *cobra.Command, flags *pflag.FlagSet, value *string, name, usage string, accepted ...string) {
	*value = accepted[0]
	flags.Var(&choice{value, accepted}, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(accepted, cobra.ShellCompDirectiveNoFileComp))
}

// number is a flag that takes an integer between least and most; 0 stands for not given.
type number struct {
	value       *int
	least, most int
}

func (n *number) Type() string { return "N" }

func (n *number) String() string {
	if *n.value == 0 {
		return ""
	}
	return strconv.Itoa(*n.value)
}

func (n *number) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil || v < n.least || v > n.most {
		return fmt.Errorf("must be a number from %d to %d", n.least, n.most)
	}
	*n.value = v
	return nil
}

// platform is a flag that takes os/arch[/variant].
type platform string

func (p *platform) String() string { return string(*p) }
func (p *platform) Type() string   { return "OS/ARCH[/VARIANT]" }

func (p *platform) Set(s string) error {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return errors.New("must be os/arch or os/arch/variant, as linux/amd64 or linux/arm/v7")
	}
	*p = platform(s)
	return nil
}

// addPlatform adds --platform to cmd.
func addPlatform(cmd *cobra.Command, value *platform, usage string) {
	cmd.Flags().Var(value, "platform", usage)
	_ = cmd.RegisterFlagCompletionFunc("platform", cobra.FixedCompletions(
		[]string{"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/ppc64le", "linux/riscv64", "linux/s390x"},
		cobra.ShellCompDirectiveNoFileComp))
}
