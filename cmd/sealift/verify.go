package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func newVerify(c *cli) *cobra.Command {
	var platform platform
	cmd := &cobra.Command{
		Use:     "verify REF",
		GroupID: "images",
		Short:   "Read all of an image and check every digest and every chunk",
		Long: `Verify reads all packs, recipes and blobs of the image REF and checks every
digest and every chunk. It writes nothing. Damaged data ends it with exit code 5
and a message that names what is damaged.

Of a file that was saved since other images, what is in the file is checked, and
these images are named.`,
		Example: `  sealift verify registry.example.com/kube:v2
  sealift verify oci:/media/usb/kube:v2
  sealift verify oci-archive:kube-v2.tar`,
		Args:              arguments(1, 1, "REF"),
		ValidArgsFunction: completeReferences(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := c.options()
			o.Platform = string(platform)
			shown := c.progress(&o)
			found, err := sealift.Verify(c.ctx, args[0], o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(found, func(w io.Writer) { c.printVerification(w, found) })
		},
	}
	addPlatform(cmd, &platform, "verify only this image of an index")
	return cmd
}

func (c *cli) printVerification(w io.Writer, v *sealift.Verification) {
	if c.flags.quiet {
		fmt.Fprintln(w, v.Digest)
		return
	}
	fmt.Fprintf(w, "verified %s\n", printable(v.Reference))
	r := rows{w}
	r.add("digest", v.Digest.String())
	r.add("checked", fmt.Sprintf("%s in %s", bytesOf(v.RawBytes), counted(v.Blobs, "blob")))
	if v.Packs > 0 {
		r.add("chunks", fmt.Sprintf("%s in %s", count(v.Chunks), counted(v.Packs, "pack")))
	}
	for _, s := range v.Since {
		r.add("needs", s.String())
	}
	r.add("time", seconds(v.Seconds))
}
