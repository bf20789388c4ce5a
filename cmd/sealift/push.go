package main

import (
	"io"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

func newPush(c *cli) *cobra.Command {
	var (
		bases     []string
		layers    string
		level     int
		platform  platform
		noRebuild bool
		noDelta   bool
		full      bool
	)
	cmd := &cobra.Command{
		Use:     "push SRC DST",
		GroupID: "images",
		Short:   "Push an image in chunks to a registry or a directory",
		Long: `Push reads the image SRC and writes its chunked form to DST: only chunks that
DST's repository lacks travel.

What DST points to now and the newest other tags of its repository serve as
bases; --base names more images whose chunks are there already, also in other
repositories of the same registry.

Of files that changed, a base's version is read, from the local store or else
from DST, and the new chunks travel as deltas against it where that is much
smaller.

Layers that are compressed with gzip or zstd, and such files in layers, are
stored as what is inside of them, if the very same file can be made again of
that: so all digests stay. Others share little with those of other versions.
--layers unpack stores all layers uncompressed: the image ID stays the same, the
digest of the manifest becomes another one.`,
		Example: `  sealift push docker-archive:kube.tar registry.example.com/kube:v1
  sealift push oci:build:v2 oci:/media/usb/kube:v2
  sealift push --layers unpack --base registry.example.com/base:v7 oci:build:v2 registry.example.com/kube:v2`,
		Args:              arguments(2, 2, "SRC and DST"),
		ValidArgsFunction: completeReferences(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := c.options()
			o.Bases, o.Layers, o.Level, o.Platform = bases, sealift.Layers(layers), level, string(platform)
			o.NoDelta, o.Full, o.NoRebuild = noDelta, full, noRebuild
			shown := c.progress(&o)
			result, err := sealift.Push(c.ctx, args[0], args[1], o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(result, func(w io.Writer) { c.printResult(w, "pushed "+args[1], result) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&bases, "base", nil, "the destination has this image, too (`REF`, repeatable)")
	addChoice(cmd, flags, &layers, "layers", "what to do with compressed layers", string(sealift.Keep), string(sealift.Unpack))
	addPlatform(cmd, &platform, "push only this image of an index")
	flags.Var(&number{&level, codec.MinLevel, codec.MaxLevel}, "level", "zstd level `N`, 1 to 19 (default 3)")
	flags.BoolVar(&noRebuild, "no-rebuild", false, "store gzip and zstd files as they are, not as what is inside of them")
	flags.BoolVar(&noDelta, "no-delta", false, "send whole chunks, and no deltas")
	flags.BoolVar(&full, "full", false, "send whole chunks besides deltas, also of what DST has as deltas only")
	_ = cmd.RegisterFlagCompletionFunc("base", completeReferences(1))
	return cmd
}
