package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/bench/corpus"
)

type demo struct {
	sealift    string
	scratch    string
	source     string // the layout of the images
	repository string // on the registry
	images     map[string]*image
	rows       []row
	different  []error // what did not come out as it went in
}

// row is one line of the table.
type row struct {
	what       string
	push, pull outcome
	layers     int64 // what would have travelled as whole layers
}

// outcome is what `--format json` says.
type outcome struct {
	Digest   digest.Digest `json:"digest"`
	Sent     int64         `json:"sent_bytes"`
	Received int64         `json:"received_bytes"`
	Requests int64         `json:"requests"`
	Seconds  float64       `json:"seconds"`
}

// transfer pushes and pulls v1, v2, and v2 again.
func (d *demo) transfer(ctx context.Context) error {
	steps := []struct {
		what, tag string
		layers    int64
	}{
		{"v1", "v1", d.images["v1"].size()},
		{"v2", "v2", d.images["v2"].size()},
		{"v2 again", "v2", 0},
	}
	destination := filepath.Join(d.scratch, "destination")
	for _, step := range steps {
		fmt.Printf("Pushing and pulling %s ...\n", step.what)
		next := row{what: step.what, layers: step.layers}
		var err error
		if next.push, err = d.run(ctx, "push", "oci:"+d.source+":"+step.tag, d.repository+":"+step.tag); err != nil {
			return err
		}
		if next.pull, err = d.run(ctx, "pull", d.repository+":"+step.tag, "oci:"+destination+":"+step.tag); err != nil {
			return err
		}
		d.rows = append(d.rows, next)
		if err := corpus.CheckImage(destination, step.tag, d.images[step.tag].root); err != nil {
			d.different = append(d.different, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return nil
}

func (d *demo) run(ctx context.Context, args ...string) (outcome, error) {
	command := exec.CommandContext(ctx, d.sealift, append(args,
		"--format", "json", "--progress", "none", "--store", filepath.Join(d.scratch, "store"))...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return outcome{}, fmt.Errorf("sealift %s: %w", args[0], err)
	}
	var o outcome
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&o); err != nil {
		return outcome{}, fmt.Errorf("sealift %s: %w: %s", args[0], err, out)
	}
	return o, nil
}

// show prints the table and says whether the images are the same.
func (d *demo) show() error {
	fmt.Println()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tpush: sent\tseconds\trequests\tpull: received\tseconds\trequests\tas whole layers\t")
	for _, r := range d.rows {
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%d\t%s\t%.1f\t%d\t%s\t\n", r.what,
			size(r.push.Sent), r.push.Seconds, r.push.Requests,
			size(r.pull.Received), r.pull.Seconds, r.pull.Requests, size(r.layers))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	v2 := d.images["v2"]
	fmt.Printf("\nOf the %s of v2, %s are numpy's layer: only mtimes changed there.\n\n", size(v2.size()), size(v2.layers[0].Size))
	if err := errors.Join(d.different...); err != nil {
		return fmt.Errorf("what was pulled is not what was pushed: %w", err)
	}
	for _, r := range releases {
		fmt.Printf("%s  %s  pulled = pushed: manifest, config and every layer\n", r.tag, d.images[r.tag].root.Digest)
	}
	return nil
}

func size(n int64) string {
	return humanize.Bytes(uint64(n))
}
