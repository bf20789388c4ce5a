//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/wan"
)

// update is one run of all steps, on machines and in repositories of its own.
type update struct {
	sealift    string
	link       *wan.Link
	deltas     bool
	source     string // layout of the images
	repository string
	scratch    string
}

// step is what one machine does. It has a store, which is empty at first: a push puts there only what its deltas are coded against.
type step struct {
	what    string // "" is not measured
	machine string
	command string
	tag     string
	place   string // end of the repository's name
}

// steps stand in order. The update is pushed twice, from a machine that has the old version and from one that has not.
var steps = []step{
	{"first push", "builder", "push", "v1", ""},
	{"first pull", "site", "pull", "v1", ""},
	{"update push, empty store", "builder", "push", "v2", ""},
	{"update pull", "site", "pull", "v2", ""},
	{"pull of the update, empty store", "new site", "pull", "v2", ""},
	{"", "builder at work", "push", "v1", "-again"},
	{"", "builder at work", "pull", "v1", "-again"},
	{"update push, old version in the store", "builder at work", "push", "v2", "-again"},
}

// took is what a step took.
type took struct {
	sent, received int64 // bytes of packets
	seconds        float64
	work           float64 // seconds of CPUs
}

// run does all steps and enters what they took.
func (u *update) run(ctx context.Context, t table) error {
	for _, s := range steps {
		result, err := u.measure(ctx, s)
		if err != nil {
			return err
		}
		if s.what != "" {
			t.add(s.what, u.deltas, result)
		}
	}
	return nil
}

func (u *update) measure(ctx context.Context, s step) (took, error) {
	home, remote := filepath.Join(u.scratch, s.machine), u.repository+s.place+":"+s.tag
	args := []string{s.command, "oci:" + u.source + ":" + s.tag, remote}
	if s.command == "pull" {
		args = []string{s.command, remote, "oci:" + filepath.Join(home, "destination") + ":" + s.tag}
	}
	if !u.deltas && s.command == "push" {
		args = append(args, "--no-delta")
	}
	sent, received := u.link.Far.Received(), u.link.Near.Received()
	result, err := u.transfer(ctx, append(args, "--store", filepath.Join(home, "store")))
	if err == nil && s.command == "pull" {
		err = u.same(filepath.Join(home, "destination"), s.tag)
	}
	if err != nil {
		return took{}, fmt.Errorf("%s of %s: %w", s.command, remote, err)
	}
	result.sent, result.received = u.link.Far.Received()-sent, u.link.Near.Received()-received
	return result, nil
}

// transfer runs sealift at the near site, and returns how long that took.
func (u *update) transfer(ctx context.Context, args []string) (took, error) {
	command := exec.CommandContext(ctx, u.sealift, append(args, "--plain-http", "--progress", "none")...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	began := time.Now()
	if err := u.link.Near.Do(command.Start); err != nil {
		return took{}, err
	}
	if err := command.Wait(); err != nil {
		return took{}, fmt.Errorf("%w: %s", err, &said)
	}
	seconds, ran := time.Since(began).Seconds(), command.ProcessState
	return took{seconds: seconds, work: (ran.UserTime() + ran.SystemTime()).Seconds()}, nil
}

// same checks that what was pulled is what was pushed.
func (u *update) same(dir, tag string) error {
	want, err := corpus.Tagged(u.source, tag)
	if err != nil {
		return err
	}
	got, err := corpus.Tagged(dir, tag)
	if err == nil && got.Digest != want.Digest {
		err = fmt.Errorf("%s was pulled, not %s", got.Digest, want.Digest)
	}
	return err
}
