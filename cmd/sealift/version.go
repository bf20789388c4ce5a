package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// Set with -ldflags "-X main.version=… -X main.commit=…"; else what the Go toolchain noted counts.
var version, commit string

// build is what version prints.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Engine  string `json:"engine"` // what runs the storage routines
	Stamp   string `json:"stamp"`  // of the storage routines' sources
	Go      string `json:"go"`
	System  string `json:"system"`
}

func newVersion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show which build this is",
		Long: `Version shows the version and the commit of this build, and the engine and the
stamp of its storage routines.`,
		Example: `  sealift version
  sealift version --format json`,
		Args:              arguments(0, 0, "no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			b, err := thisBuild(c.ctx)
			if err != nil {
				return err
			}
			return c.show(b, func(w io.Writer) { c.printBuild(w, b) })
		},
	}
}

func (c *cli) printBuild(w io.Writer, b *build) {
	if c.flags.quiet {
		fmt.Fprintln(w, b.Version)
		return
	}
	fmt.Fprintln(w, "sealift", b.Version)
	lines := rows{w}
	lines.add("commit", b.Commit)
	lines.add("engine", b.Engine)
	lines.add("stamp", b.Stamp)
	lines.add("go", b.Go)
	lines.add("system", b.System)
}

// thisBuild loads the routines, so that what it says of them is what runs.
func thisBuild(ctx context.Context) (*build, error) {
	routines, err := codec.New(ctx, codec.Options{CacheDir: sealift.DefaultCache()})
	if err != nil {
		return nil, err
	}
	defer func() { _ = routines.Close(ctx) }()
	return &build{
		Version: buildVersion(),
		Commit:  buildCommit(),
		Engine:  routines.Engine(),
		Stamp:   routines.Stamp(),
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
	}, nil
}

// buildVersion returns the version of a release or of the Go module, or "devel".
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// buildCommit returns the commit, with "-dirty" if there were changes on top of it, or "unknown".
func buildCommit() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	settings := make(map[string]string, len(info.Settings))
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	switch {
	case revision == "":
		return "unknown"
	case settings["vcs.modified"] == "true":
		return revision + "-dirty"
	}
	return revision
}
