package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

const someDigest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestPrintResult(t *testing.T) {
	result := &sealift.Result{
		Digest: someDigest, ChunksTotal: 15321, ChunksNew: 1, RawBytes: 1.1e9, NewBytes: 62000,
		Traffic: sealift.Traffic{SentBytes: 3456789, ReceivedBytes: 381, Requests: 17, Seconds: 72.4},
	}
	tests := []struct {
		name  string
		flags globalFlags
		want  string
	}{
		{"text", globalFlags{}, `pushed localhost/kube:v2
  digest    ` + someDigest + `
  image     1.1 GB in 15,321 chunks
  new       1 chunk, 62 kB
  sent      3.5 MB (0.3 % of the image)
  received  381 B (under 0.1 % of the image)
  time      1m12s, 17 requests
`},
		{"quiet", globalFlags{quiet: true}, someDigest + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			c := &cli{flags: test.flags}
			c.printResult(&b, "pushed localhost/kube:v2", result)
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrintDifference(t *testing.T) {
	layer := transfer.DiffLayer{Digest: someDigest, MediaType: "application/vnd.oci.image.layer.v1.tar", Size: 185e6, RawBytes: 30e6, Packed: 11e6}
	for i := range filesShown + 2 {
		layer.Files = append(layer.Files, transfer.DiffFile{Name: fmt.Sprintf("bin/tool%d\x1b[2J", i), Size: 9e6, RawBytes: 2e6, Packed: 1e6})
	}
	same := transfer.DiffLayer{Digest: someDigest, MediaType: "application/x-other", Size: 900}
	difference := &sealift.Difference{Old: "oci:a", New: "oci:b", Chunks: 1500, ChunksNew: 40, RawBytes: 30e6, Packed: 11e6,
		Layers: []transfer.DiffLayer{layer, same}}

	t.Run("cut", func(t *testing.T) {
		text := differenceText(difference, globalFlags{})
		for _, want := range []string{
			"11 MB would travel: 40 of 1,500 chunks, 30 MB uncompressed\n",
			"\n  TRAVELS     NEW    SIZE  BLOB\n",
			"\n    11 MB   30 MB  185 MB  sha256:9f86d081884c  layer.v1.tar\n",
			"\n   1.0 MB  2.0 MB  9.0 MB    bin/tool9\\x1b[2J\n",
			"… and 2 more files\n",
			"… and 1 more blob without anything new\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if strings.Contains(text, "tool10") {
			t.Errorf("too many files in\n%s", text)
		}
	})
	t.Run("nothing new", func(t *testing.T) {
		nothing := &sealift.Difference{Old: "oci:a", New: "oci:a", Chunks: 1500, Layers: []transfer.DiffLayer{same}}
		want := "no chunk would travel: of 1,500 chunks none is new\n  old       oci:a\n  new       oci:a\n"
		if diff := cmp.Diff(want, differenceText(nothing, globalFlags{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("verbose", func(t *testing.T) {
		text := differenceText(difference, globalFlags{verbose: true})
		if !strings.Contains(text, "tool11") || !strings.Contains(text, someDigest) || strings.Contains(text, "more") {
			t.Errorf("not everything is in\n%s", text)
		}
	})
	t.Run("quiet", func(t *testing.T) {
		if text := differenceText(difference, globalFlags{quiet: true}); strings.Count(text, "\n") != 1 {
			t.Errorf("more than a line: %s", text)
		}
	})
}

func differenceText(d *sealift.Difference, flags globalFlags) string {
	var b bytes.Buffer
	(&cli{flags: flags}).printDifference(&b, d)
	return b.String()
}

func TestPrintable(t *testing.T) {
	tests := []struct{ name, want string }{
		{"usr/bin/sealift", "usr/bin/sealift"},
		{"Übersicht … 船", "Übersicht … 船"},
		{`a "b" \ c`, `a "b" \ c`},
		{"clear\x1b[2J", `clear\x1b[2J`},
		{"line\nbreak", `line\nbreak`},
		{"not utf-8 \xff", `not utf-8 \xff`},
		{"right to left \u202e", `right to left \u202e`},
	}
	for _, test := range tests {
		if got := printable(test.name); got != test.want {
			t.Errorf("printable(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(&lines{out: &b, level: slog.LevelInfo})
	log.Debug("hidden")
	log.Info("2 layers are gzip")
	log.With("tag", "v1").WithGroup("base").Warn("cannot be used", "reason", "it is \x1b gone", "size", 7)
	want := "sealift: 2 layers are gzip\nsealift: warn: cannot be used tag=v1 base.reason=\"it is \\x1b gone\" base.size=7\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
