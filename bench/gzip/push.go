package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/page"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

// firstPush is what -only calls the pushes of an image to a place that has nothing.
const firstPush = "first push"

// push is a way to push an image.
type push struct {
	title   string
	options sealift.Options
}

// pushes begin with the one that the others are compared with.
var pushes = []push{
	{"--no-rebuild", sealift.Options{NoRebuild: true}},
	{"--level 3", sealift.Options{Level: 3}},
	{"--level 6", sealift.Options{Level: 6}},
	{"--level 9", sealift.Options{Level: 9}},
	{"--level 16", sealift.Options{Level: 16}},
	{"--level 19", sealift.Options{Level: 19}},
}

// pushAim is how much of what the first one sends the others should send at most.
const pushAim = .85

// software is an image of programs in Go, with layers as Docker makes them.
var software = corpus.Installation{
	Releases: []corpus.Release{corpus.Traefik[1], corpus.Caddy[1]}, Prefix: "opt", Built: built, Encoding: corpus.Gzip,
}

// pushed is what a push took.
type pushed struct {
	push
	sent int64         // bytes
	cpu  time.Duration // of all threads
}

// measurePushes pushes an image in all ways, one after the other. All that it writes is in scratch.
func measurePushes(ctx context.Context, image corpus.Image, scratch string) (all []pushed, err error) {
	source := filepath.Join(scratch, "source")
	layout, err := corpus.NewLayout(source)
	if err != nil {
		return nil, err
	}
	if _, err := layout.Add(image, tag); err != nil {
		return nil, err
	}
	for i, p := range pushes {
		fmt.Fprintf(os.Stderr, "%s: %s\n", firstPush, p.title)
		took, err := p.measure(ctx, source, filepath.Join(scratch, fmt.Sprintf("push-%d", i)))
		if err != nil {
			return nil, fmt.Errorf("push %s: %w", p.title, err)
		}
		all = append(all, took)
	}
	return all, nil
}

// tag is that of the image, where it comes from and where it goes.
const tag = "v1"

// measure pushes the image of the layout source, with a new store and to a new layout, both of them in dir.
func (p push) measure(ctx context.Context, source, dir string) (took pushed, err error) {
	took.push = p
	p.options.Store = filepath.Join(dir, "store")
	from, to := "oci:"+source+":"+tag, "oci:"+filepath.Join(dir, "remote")+":"+tag
	took.cpu, err = cpu(func() error {
		result, err := sealift.Push(ctx, from, to, p.options)
		if err != nil {
			return err
		}
		took.sent = result.SentBytes
		return nil
	})
	return took, err
}

// pushReport is what first pushes took.
type pushReport struct {
	machine page.Machine
	all     []pushed
}

func (r *pushReport) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.machine)
	var names []string
	for _, release := range software.Releases {
		names = append(names, release.String())
	}
	fmt.Fprintf(w, "Layers: %s.\n\n", strings.Join(names, ", "))
	table := page.Table{{firstPush, "MB sent", "to the first", "aim", "seconds of CPUs"}}
	for i, p := range r.all {
		aim := ""
		if i > 0 {
			aim = fmt.Sprintf("%.2f", pushAim)
		}
		ratio := float64(p.sent) / float64(r.all[0].sent)
		table.Add(p.title, megabytes(p.sent), fmt.Sprintf("%.2f", ratio), aim, fmt.Sprintf("%.1f", p.cpu.Seconds()))
	}
	table.Write(w)
}
