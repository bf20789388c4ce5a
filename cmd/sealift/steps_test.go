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
			task := p.Begin("layer", 1000e6)
			for range 1000 {
				task.Add(1e6)
			}
			task.End(nil)
		}, []string{
			"layer: 10 % of 1.0 GB", "layer: 20 % of 1.0 GB", "layer: 30 % of 1.0 GB", "layer: 40 % of 1.0 GB", "layer: 50 % of 1.0 GB",
			"layer: 60 % of 1.0 GB", "layer: 70 % of 1.0 GB", "layer: 80 % of 1.0 GB", "layer: 90 % of 1.0 GB", "layer: done, 1.0 GB",
		}},
		{"large steps skip lines", func(p sealift.Progress) {
			task := p.Begin("layer", 1000e6)
			task.Add(550e6)
			task.Add(450e6)
			task.End(nil)
		}, []string{"layer: 50 % of 1.0 GB", "layer: done, 1.0 GB"}},
		{"few lines for few bytes", func(p sealift.Progress) {
			task := p.Begin("layer", 50e6)
			for range 50 {
				task.Add(1e6)
			}
			task.End(nil)
		}, []string{"layer: 30 % of 50 MB", "layer: 60 % of 50 MB", "layer: done, 50 MB"}},
		{"a failed task", func(p sealift.Progress) {
			task := p.Begin("layer", 1000)
			task.Add(5)
			task.End(errors.New("broken"))
		}, []string{"layer: stopped after 5 B"}},
		{"a total that grows takes nothing back", func(p sealift.Progress) {
			task := p.Begin("upload", 100e6)
			task.Add(50e6)
			task.SetTotal(1000e6)
			task.Add(50e6)
			task.Add(500e6)
			task.End(nil)
		}, []string{"upload: 50 % of 100 MB", "upload: 60 % of 1.0 GB", "upload: done, 600 MB"}},
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
