package main

import (
	"testing"
	"time"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// took makes timings of as many rounds as there are milliseconds.
func took(milliseconds ...int) (list []timing) {
	for _, ms := range milliseconds {
		d := time.Duration(ms) * time.Millisecond
		list = append(list, timing{Wall: 2 * d, CPU: d})
	}
	return list
}

func TestSpeedsAreMediansOfWhatRoundsGive(t *testing.T) {
	all := timings{
		{split, 1, nativeName}:          took(100, 300, 100),
		{restoreZeros, 1, nativeName}:   took(10, 10, 10),
		{verifyZeros, 1, nativeName}:    took(60, 60, 60),
		{split, 1, codec.Wasmer}:        took(150, 550, 150), // twice the time of native, less what hashing takes
		{restoreZeros, 1, codec.Wasmer}: took(10, 10, 10),
		{verifyZeros, 1, codec.Wasmer}:  took(60, 60, 60),
		{split, 1, sha256Name}:          took(1, 1, 1),
	}
	w := &work{raw: make([]byte, codec.BatchSize)}
	s := figureCut.speed(all, w, 1)
	if want := float64(3*codec.BatchSize) / 0.05 / 1e6; s.MBps[nativeName] != want {
		t.Errorf("native cuts %v MB/s, want %v", s.MBps[nativeName], want)
	}
	if s.Ratio[codec.Wasmer] != 0.5 {
		t.Errorf("wasmer is at %v of native, want 0.5", s.Ratio[codec.Wasmer])
	}
	if got, ok := s.MBps[sha256Name]; ok {
		t.Errorf("%s cuts %v MB/s, but a part of the difference was not measured", sha256Name, got)
	}
}

func TestScalingTellsWaitingFromWork(t *testing.T) {
	all := make(timings)
	for _, k := range []task{push, pull} {
		for _, name := range []string{nativeName, codec.Wasmer, codec.Wazero, blake3Name} {
			all[key{k, 1, name}] = []timing{{Wall: 100, CPU: 100}}
			all[key{k, 2, name}] = []timing{{Wall: 200, CPU: 200}} // two threads took turns
		}
	}
	for _, s := range scalings(all, 2) {
		if s.Wall != 1 || s.CPU != 2 {
			t.Errorf("%s by %s: %v by wall time and %v by CPU time, want 1 and 2", s.Figure, s.Candidate, s.Wall, s.CPU)
		}
	}
}
