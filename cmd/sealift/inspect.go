package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

func newInspect(c *cli) *cobra.Command {
	var platform platform
	cmd := &cobra.Command{
		Use:     "inspect REF",
		GroupID: "images",
		Short:   "Show what an image consists of, and how it is stored",
		Long: `Inspect shows the digests, the sizes and the blobs of the image REF, the largest
first, and how each blob is stored:

  tar     its files are cut into chunks, its headers stand in a recipe
  bytes   all of it is cut into chunks
  inline  it stands in the image document
  plain   the image is not in chunked form

PACKED is a blob's share of the compressed packs, plus its recipe. Below a blob
it says what of it is gzip or zstd, stored as what is inside of it, and which
program at which level makes the very same file again of that.`,
		Example: `  sealift inspect registry.example.com/kube:v2
  sealift inspect --format json oci:/media/usb/kube:v2`,
		Args:              arguments(1, 1, "REF"),
		ValidArgsFunction: completeReferences(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := c.options()
			o.Platform = string(platform)
			image, err := sealift.Inspect(c.ctx, args[0], o)
			if err != nil {
				return err
			}
			return c.show(image, func(w io.Writer) { c.printInspection(w, image) })
		},
	}
	addPlatform(cmd, &platform, "show only this image of an index")
	return cmd
}

func (c *cli) printInspection(w io.Writer, image *sealift.Inspection) {
	if c.flags.quiet {
		fmt.Fprintln(w, image.Digest)
		return
	}
	fmt.Fprintln(w, printable(image.Reference))
	lines := rows{w}
	lines.add("digest", image.Digest.String())
	lines.add("type", image.MediaType)
	if image.Origin != "" {
		lines.add("origin", image.Origin.String()+" (before its layers were unpacked)")
	}
	if image.Created != "" {
		lines.add("created", image.Created)
	}
	if len(image.Platforms) > 0 {
		lines.add("platform", strings.Join(image.Platforms, ", "))
	}
	if image.ChunkedDigest == "" {
		lines.add("size", bytesOf(image.RawBytes)+", not in chunked form")
	} else {
		lines.add("chunked", image.ChunkedDigest.String())
		size := fmt.Sprintf("%s, in %s: %s", bytesOf(image.RawBytes), counted(image.Packs, "pack"), bytesOf(image.PackBytes))
		if image.DeltaPacks > 0 {
			size += fmt.Sprintf("; in %s of deltas: %s", counted(image.DeltaPacks, "pack"), bytesOf(image.DeltaBytes))
		}
		lines.add("size", size)
		lines.add("chunks", count(image.Chunks))
	}
	fmt.Fprintln(w)
	c.printBlobs(w, image)
}

func (c *cli) printBlobs(w io.Writer, image *sealift.Inspection) {
	blobs := slices.SortedStableFunc(slices.Values(image.Blobs), func(a, b transfer.BlobReport) int {
		return cmp.Compare(b.Size, a.Size)
	})
	t := newTable(w)
	if image.ChunkedDigest == "" {
		t.row("SIZE", "", "BLOB")
	} else {
		t.row("SIZE", "PACKED", "CHUNKS", "STORED", "BLOB")
	}
	for _, b := range blobs {
		name := c.digestOf(b.Digest) + "  " + c.typeOf(b.MediaType)
		if image.ChunkedDigest == "" {
			t.row(bytesOf(b.Size), "", name)
			continue
		}
		packed, chunks := bytesOf(b.Packed), count(b.Chunks)
		if b.Chunks == 0 && b.Packed == 0 {
			packed, chunks = "-", "-"
		}
		t.row(bytesOf(b.Size), packed, chunks, printable(b.Stored), name)
		for _, g := range b.Gzip {
			what := counted(g.Streams, g.Format+" file") + " in it"
			if g.Blob {
				what = g.Format + " itself"
			}
			t.row(bytesOf(g.Size), "", "", "", "  "+what+", by "+g.Encoder+", "+bytesOf(g.Raw)+" inside")
		}
	}
	t.end()
}

// table prints columns that end at the right, but for the last, which begins at the left.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer) table {
	return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
}

func (t table) row(cells ...string) {
	last := len(cells) - 1
	fmt.Fprintln(t.w, strings.Join(cells[:last], "\t")+"\t  "+cells[last])
}

func (t table) end() { _ = t.w.Flush() } // to a buffer: it cannot fail
