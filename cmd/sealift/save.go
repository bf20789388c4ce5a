package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func newSave(c *cli) *cobra.Command {
	var (
		file    string
		since   []string
		noDelta bool
	)
	cmd := &cobra.Command{
		Use:     "save REF... -o FILE",
		GroupID: "images",
		Short:   "Save images into one file, to carry to where no registry can be reached",
		Long: `Save writes images into FILE, in chunked form. --since names images that are
where the file goes already: what they have is left out. They must be in chunked
form themselves, in a registry, a directory or an earlier file.

An image in chunked form is saved as it is. A plain one is brought into chunked
form, and of files that changed its new chunks are saved as deltas. Each image
keeps its tag, and the next one has in common with it what it can.

FILE is an OCI image layout in a tar, which 'sealift load' brings into a
registry or a directory. Until it is complete it is named FILE.partial; run the
same command again, and it goes on where it stopped.`,
		Example: `  sealift save registry.example.com/kube:v1 -o kube-v1.tar
  sealift save registry.example.com/kube:v2 --since registry.example.com/kube:v1 -o kube-v2.tar
  sealift save docker-archive:app.tar:app:v2 --since oci-archive:app-v1.tar -o app-v2.tar`,
		Args: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usageErrorf("save takes the file to write: -o FILE")
			}
			return arguments(1, maxImages, "REF, once or more often")(cmd, args)
		},
		ValidArgsFunction: completeReferences(maxImages),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := c.options()
			o.Since, o.NoDelta = since, noDelta
			shown := c.progress(&o)
			result, err := sealift.Save(c.ctx, args, file, o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(result, func(w io.Writer) { c.printFile(w, "saved "+file, result) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&file, "output", "o", "", "the `FILE` to write")
	flags.StringArrayVar(&since, "since", nil, "leave out what this image has (`REF`, repeatable)")
	flags.BoolVar(&noDelta, "no-delta", false, "of plain images: save whole chunks, and no deltas")
	_ = cmd.MarkFlagFilename("output", "tar")
	_ = cmd.RegisterFlagCompletionFunc("since", completeReferences(maxImages))
	return cmd
}

// maxImages is how many images may be saved at once: more than anybody wants.
const maxImages = 1000

func newLoad(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "load FILE [DST]",
		GroupID: "images",
		Short:   "Load the images of a saved file into a registry or a directory",
		Long: `Load writes all images of FILE, which 'sealift save' wrote, to DST: a repository
of a registry, or a directory. They stay in chunked form, under the tags that
they have in FILE, for 'sealift pull' to pull from there. What is at DST already
is not written again. Without DST the local store is filled, and nothing else
happens.

If FILE leaves out what other images have, these must be at DST, or without DST
in the store. This is checked before anything is changed.`,
		Example: `  sealift load kube-v2.tar registry.local:5000/kube
  sealift load kube-v2.tar oci:/srv/images/kube
  sealift load kube-v2.tar && sealift pull oci-archive:kube-v2.tar:v2 oci:kube:v2`,
		Args: arguments(1, 2, "FILE and, if wanted, DST"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault // files
			}
			return completeReferences(2)(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			file, dst, headline := args[0], "", "loaded "+args[0]+" into the store"
			if len(args) > 1 {
				dst, headline = args[1], "loaded "+args[0]+" into "+args[1]
			}
			o := c.options()
			shown := c.progress(&o)
			result, err := sealift.Load(c.ctx, file, dst, o)
			shown.close()
			if err != nil {
				return err
			}
			return c.show(result, func(w io.Writer) { c.printFile(w, headline, result) })
		},
	}
}

// printFile tells what a save or a load did.
func (c *cli) printFile(w io.Writer, headline string, r *sealift.FileResult) {
	if !c.flags.quiet {
		fmt.Fprintln(w, printable(headline))
	}
	lines, raw := rows{w}, int64(0)
	for _, image := range r.Images {
		if c.flags.quiet {
			fmt.Fprintln(w, image.Digest)
			continue
		}
		raw += image.RawBytes
		lines.add("image", fmt.Sprintf("%s  %s, %s", image.Tag, image.Digest, bytesOf(image.RawBytes)))
		for _, s := range image.Since {
			lines.add("since", s.String())
		}
	}
	if c.flags.quiet {
		return
	}
	lines.add("file", bytesOf(r.FileBytes)+share(r.FileBytes, raw))
	if r.SentBytes > 0 {
		lines.add("sent", bytesOf(r.SentBytes))
	}
	if r.ReceivedBytes > 0 {
		lines.add("received", bytesOf(r.ReceivedBytes))
	}
	lines.add("time", seconds(r.Seconds)+requests(r.Requests))
}
