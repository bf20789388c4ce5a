package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// filesShown is the number of files of a layer that diff shows without -v.
const filesShown = 10

func newDiff(c *cli) *cobra.Command {
	var platform platform
	cmd := &cobra.Command{
		Use:     "diff OLD NEW",
		GroupID: "images",
		Short:   "Show what would travel to a place that has one image and gets another",
		Long: `Diff shows what a push or a pull of the image NEW would send to a place that has
the image OLD, by layer and by file, the largest first. Of chunked images only
indexes and recipes are read. Plain images are read whole, and cut into chunks
in a temporary directory.

TRAVELS is the size compressed, or as deltas, NEW the same uncompressed, SIZE
the whole. Whoever has OLD is taken to have what its own deltas are coded
against, too.`,
		Example: `  sealift diff registry.example.com/kube:v1 registry.example.com/kube:v2
  sealift diff -v oci:/media/usb/kube:v1 registry.example.com/kube:v2`,
		Args:              arguments(2, 2, "OLD and NEW"),
		ValidArgsFunction: completeReferences(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := c.options()
			o.Platform = string(platform)
			shown := c.progress(&o)
			difference, err := sealift.Diff(c.ctx, args[0], args[1], o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(difference, func(w io.Writer) { c.printDifference(w, difference) })
		},
	}
	addPlatform(cmd, &platform, "compare only these images of indexes")
	return cmd
}

func (c *cli) printDifference(w io.Writer, d *sealift.Difference) {
	if d.ChunksNew == 0 {
		fmt.Fprintf(w, "no chunk would travel: of %s none is new\n", counted(d.Chunks, "chunk"))
	} else {
		fmt.Fprintf(w, "%s would travel: %s of %s, %s uncompressed\n",
			bytesOf(d.Packed), count(d.ChunksNew), counted(d.Chunks, "chunk"), bytesOf(d.RawBytes))
	}
	if c.flags.quiet {
		return
	}
	lines := rows{w}
	lines.add("old", d.Old)
	lines.add("new", d.New)
	if d.BaseBytes > 0 {
		lines.add("bases", bytesOf(d.BaseBytes)+" of that, which deltas need and OLD lacks")
	}
	if d.ChunksNew > 0 || c.flags.verbose {
		fmt.Fprintln(w)
		c.printLayers(w, d.Layers)
	}
}

func (c *cli) printLayers(w io.Writer, layers []transfer.DiffLayer) {
	t := newTable(w)
	t.row("TRAVELS", "NEW", "SIZE", "BLOB")
	same := 0
	for _, l := range layers {
		if l.RawBytes == 0 && !c.flags.verbose {
			same++
			continue
		}
		t.row(bytesOf(l.Packed), bytesOf(l.RawBytes), bytesOf(l.Size), c.digestOf(l.Digest)+"  "+c.typeOf(l.MediaType))
		c.rowFiles(t, l.Files)
	}
	if same > 0 {
		t.row("", "", "", fmt.Sprintf("… and %s without anything new", counted(same, "more blob")))
	}
	t.end()
}

// pathOf names a file, with the one that it is inside of.
func pathOf(f transfer.DiffFile) string {
	if f.Within == "" || f.Within == f.Name {
		return f.Name
	}
	return f.Within + ": " + f.Name
}

func (c *cli) rowFiles(t table, files []transfer.DiffFile) {
	shown := files
	if len(files) > filesShown && !c.flags.verbose {
		shown = files[:filesShown]
	}
	for _, f := range shown {
		t.row(bytesOf(f.Packed), bytesOf(f.RawBytes), bytesOf(f.Size), "  "+printable(pathOf(f)))
	}
	if more := len(files) - len(shown); more > 0 {
		t.row("", "", "", fmt.Sprintf("  … and %s", counted(more, "more file")))
	}
}
