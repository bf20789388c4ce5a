package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/opencontainers/go-digest"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// show puts the result of a command on standard output: as one JSON document, or as text.
func (c *cli) show(result any, text func(io.Writer)) error {
	var b bytes.Buffer
	if c.flags.format == formatJSON {
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(result); err != nil {
			return err
		}
	} else {
		text(&b)
	}
	_, err := c.stdout.Write(b.Bytes())
	return err
}

// printResult tells what a push or a pull did: first the digest, then what travelled.
func (c *cli) printResult(w io.Writer, headline string, r *sealift.Result) {
	if c.flags.quiet {
		fmt.Fprintln(w, r.Digest)
		return
	}
	if r.Unchanged {
		headline += ": nothing had changed"
	}
	fmt.Fprintln(w, printable(headline))
	lines := rows{w}
	lines.add("digest", r.Digest.String())
	if r.ChunkedDigest != "" {
		lines.add("chunked", r.ChunkedDigest.String())
	}
	lines.add("image", imageSize(r))
	if r.ChunksTotal > 0 && !r.Unchanged {
		lines.add("new", fmt.Sprintf("%s, %s", counted(r.ChunksNew, "chunk"), bytesOf(r.NewBytes)))
	}
	lines.add("sent", bytesOf(r.SentBytes)+share(r.SentBytes, r.RawBytes))
	lines.add("received", bytesOf(r.ReceivedBytes)+share(r.ReceivedBytes, r.RawBytes))
	lines.add("time", seconds(r.Seconds)+requests(r.Requests))
}

func imageSize(r *sealift.Result) string {
	if r.ChunksTotal == 0 {
		return bytesOf(r.RawBytes)
	}
	return fmt.Sprintf("%s in %s", bytesOf(r.RawBytes), counted(r.ChunksTotal, "chunk"))
}

func requests(n int64) string {
	if n == 0 {
		return ""
	}
	return ", " + counted(int(n), "request")
}

// rows prints a name and a value a line, the values below each other.
type rows struct{ w io.Writer }

func (r rows) add(name, value string) {
	fmt.Fprintf(r.w, "  %-9s %s\n", name, printable(value))
}

func bytesOf(n int64) string {
	return humanize.Bytes(uint64(max(n, 0)))
}

func count(n int) string { return humanize.Comma(int64(n)) }

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

// share says how much of whole part is, where that tells something.
func share(part, whole int64) string {
	if whole <= 0 || part <= 0 || part > whole {
		return ""
	}
	percent := 100 * float64(part) / float64(whole)
	if percent < 0.1 {
		return " (under 0.1 % of the image)"
	}
	return fmt.Sprintf(" (%.1f %% of the image)", percent)
}

func seconds(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.*f s", decimals(s), s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

func decimals(s float64) int {
	if s < 10 {
		return 2
	}
	return 1
}

// digestOf returns a digest as people compare it: its first twelve digits, or all of it with -v.
func (c *cli) digestOf(d digest.Digest) string {
	algorithm, hex, ok := strings.Cut(printable(d.String()), ":")
	if !ok || c.flags.verbose || len(hex) <= 12 {
		return printable(d.String())
	}
	return algorithm + ":" + hex[:12]
}

// typeOf returns a media type without the words that all of them begin with; all of it with -v.
func (c *cli) typeOf(mediaType string) string {
	if !c.flags.verbose {
		for _, prefix := range []string{"application/vnd.oci.image.", "application/vnd.docker.", "application/vnd."} {
			if rest, ok := strings.CutPrefix(mediaType, prefix); ok {
				return printable(rest)
			}
		}
	}
	return printable(mediaType)
}
