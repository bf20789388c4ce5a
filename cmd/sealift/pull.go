package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func newPull(c *cli) *cobra.Command {
	var (
		platform platform
		dryRun   bool
		noDelta  bool
	)
	cmd := &cobra.Command{
		Use:     "pull SRC [DST]",
		GroupID: "images",
		Short:   "Pull an image, and write it as it was before it was pushed",
		Long: `Pull reads the chunked image SRC and writes the plain image to DST, digest for
digest what was pushed. Only chunks that the local store lacks travel. Without
DST the store is filled, and nothing else happens.

A SRC that is a plain image is copied blob by blob.`,
		Example: `  sealift pull registry.example.com/kube:v2 oci:kube:v2
  sealift pull oci:/media/usb/kube:v2 registry.local:5000/kube:v2
  sealift pull registry.example.com/kube:v2`,
		Args:              arguments(1, 2, "SRC and, if wanted, DST"),
		ValidArgsFunction: completeReferences(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, dst, headline := args[0], "", "pulled "+args[0]+" into the store"
			if len(args) > 1 {
				dst, headline = args[1], "pulled "+args[1]
			}
			o := c.options()
			o.Platform, o.NoDelta = string(platform), noDelta
			if dryRun {
				return c.planPull(src, o)
			}
			shown := c.progress(&o)
			result, err := sealift.Pull(c.ctx, src, dst, o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(result, func(w io.Writer) { c.printResult(w, headline, result) })
		},
	}
	addPlatform(cmd, &platform, "pull only this image of an index")
	cmd.Flags().BoolVar(&noDelta, "no-delta", false, "fetch whole chunks where there are deltas besides")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be fetched, and fetch nothing")
	return cmd
}

// planPull shows what a pull would fetch.
func (c *cli) planPull(src string, o sealift.Options) error {
	shown := c.progress(&o)
	plan, err := sealift.PlanPull(c.ctx, src, o)
	shown.close()
	if err != nil {
		return err
	}
	return c.show(plan, func(w io.Writer) { c.printPlan(w, src, plan) })
}

func (c *cli) printPlan(w io.Writer, src string, p *sealift.Plan) {
	if p.ChunksNew == 0 {
		fmt.Fprintf(w, "nothing to fetch: the store has every chunk of %s\n", src)
		return
	}
	fmt.Fprintf(w, "%s to fetch for %s\n", bytesOf(p.FrameBytes+p.DeltaBytes), src)
	if c.flags.quiet {
		return
	}
	lines := rows{w}
	lines.add("new", fmt.Sprintf("%s of %s, %s uncompressed", count(p.ChunksNew), counted(p.ChunksTotal, "chunk"), bytesOf(p.NewBytes)))
	lines.add("chunks", fmt.Sprintf("%s, %s", bytesOf(p.FrameBytes), counted(p.FrameRequests, "request")))
	lines.add("deltas", fmt.Sprintf("%s, %s", bytesOf(p.DeltaBytes), counted(p.DeltaRequests, "request")))
}
