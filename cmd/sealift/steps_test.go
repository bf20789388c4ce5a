package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

func TestSteps(t *testing.T) {
	tests := []struct {
		name string
		do   func(sealift.Progress)
		want []string
	}{
		{"one line each ten percent", func(p sealift.Progress) {
			task := p.Begin("layer", 1000)
			for range 1000 {
				task.Add(1)
			}
			task.End(nil)
		}, []string{
			"layer: 10 % of 1.0 kB", "layer: 20 % of 1.0 kB", "layer: 30 % of 1.0 kB", "layer: 40 % of 1.0 kB", "layer: 50 % of 1.0 kB",
			"layer: 60 % of 1.0 kB", "layer: 70 % of 1.0 kB", "layer: 80 % of 1.0 kB", "layer: 90 % of 1.0 kB", "layer: done, 1.0 kB",
		}},
		{"large steps skip lines", func(p sealift.Progress) {
			task := p.Begin("layer", 1000)
			task.Add(550)
			task.Add(450)
			task.End(nil)
		}, []string{"layer: 50 % of 1.0 kB", "layer: done, 1.0 kB"}},
		{"a failed task", func(p sealift.Progress) {
			task := p.Begin("layer", 1000)
			task.Add(5)
			task.End(errors.New("broken"))
		}, []string{"layer: stopped after 5 B"}},
		{"a total that grows takes nothing back", func(p sealift.Progress) {
			task := p.Begin("upload", 100)
			task.Add(50)
			task.SetTotal(1000)
			task.Add(50)
			task.Add(500)
			task.End(nil)
		}, []string{"upload: 50 % of 100 B", "upload: 60 % of 1.0 kB", "upload: done, 600 B"}},
		{"without a total each doubling", func(p sealift.Progress) {
			task := p.Begin("upload", -1)
			for range 100 {
				task.Add(1 << 20)
			}
			task.End(nil)
		}, []string{"upload: 17 MB", "upload: 34 MB", "upload: 67 MB", "upload: done, 105 MB"}},
		{"an end is told once", func(p sealift.Progress) {
			task := p.Begin("layer", 10)
			task.End(nil)
			task.End(errors.New("again"))
			task.Add(5)
		}, []string{"layer: done, 0 B"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			test.do(&steps{slog.New(&lines{out: &b})})
			got := strings.Split(strings.TrimSpace(strings.ReplaceAll(b.String(), "sealift: ", "")), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
