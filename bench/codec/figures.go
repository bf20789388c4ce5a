package main

import (
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// The candidates' names.
const (
	nativeName = "native"
	blake3Name = "Go"
	sha256Name = "Go, SHA-256"
)

// figure is a line of the table: the time of some tasks less that of others, all of them over the bytes of the first.
type figure struct {
	title string
	plus  []task
	minus []task
}

// Cutting alone and hashing alone are no routines, so they are differences, of every candidate alike.
var (
	figureCut     = figure{"cut", []task{split, restoreZeros}, []task{verifyZeros}}
	figureRestore = figure{"restore", []task{restore}, nil}
	figurePush    = figure{"push: cut, hash, compress -3", []task{push}, nil}
	figurePull    = figure{"pull: restore, hash", []task{pull}, nil}
	figureLevel1  = figure{"compress -1", []task{compress1}, nil}
	figureLevel3  = figure{"compress -3", []task{compress3}, nil}

	figures = []figure{
		figureCut,
		{"hash", []task{verifyZeros}, []task{restoreZeros}},
		{"cut, hash", []task{split}, nil},
		figureLevel1,
		figureLevel3,
		{"compress -9", []task{compress9}, nil},
		{"compress -19", []task{compress19}, nil},
		figureRestore,
		figurePush,
		figurePull,
	}
)

// of returns the CPU seconds and the wall seconds of each round, none if the candidate did not do it.
func (f figure) of(all timings, threads int, candidate string) (cpu, wall []float64) {
	for _, t := range slices.Concat(f.plus, f.minus) {
		if len(all[key{t, threads, candidate}]) == 0 {
			return nil, nil
		}
	}
	add := func(t task, sign float64) {
		for i, took := range all[key{t, threads, candidate}] {
			if i == len(cpu) {
				cpu, wall = append(cpu, 0), append(wall, 0)
			}
			cpu[i] += sign * took.CPU.Seconds()
			wall[i] += sign * took.Wall.Seconds()
		}
	}
	for _, t := range f.plus {
		add(t, 1)
	}
	for _, t := range f.minus {
		add(t, -1)
	}
	return cpu, wall
}

// speed is a line of the table.
type speed struct {
	Figure  string             `json:"figure"`
	Threads int                `json:"threads"`
	MBps    map[string]float64 `json:"mb_per_s"`       // by candidate: medians, of all threads together
	Ratio   map[string]float64 `json:"of_native"`      // medians of what each round gives
	ToGo    float64            `json:"wasmer_of_best"` // of the Go candidates
}

// speeds works out the table. A speed is by the time that CPUs worked, as if they had done nothing else meanwhile.
func speeds(all timings, w *work, threads int) []speed {
	var lines []speed
	for _, n := range threadCounts(threads) {
		for _, f := range figures {
			lines = append(lines, f.speed(all, w, n))
		}
	}
	return lines
}

func (f figure) speed(all timings, w *work, threads int) speed {
	s := speed{Figure: f.title, Threads: threads, MBps: make(map[string]float64), Ratio: make(map[string]float64)}
	base, _ := f.of(all, threads, nativeName)
	bytes := float64(w.bytes(f.plus[0])) * float64(threads*threads)
	for _, name := range []string{nativeName, codec.Wasmer, codec.Wazero, blake3Name, sha256Name} {
		cpu, _ := f.of(all, threads, name)
		if len(cpu) == 0 {
			continue
		}
		s.MBps[name] = bytes / median(cpu) / 1e6
		s.Ratio[name] = quotient(base, cpu)
	}
	s.ToGo = s.Ratio[codec.Wasmer] / max(s.Ratio[blake3Name], s.Ratio[sha256Name])
	return s
}

// quotient is the median of a[i]/b[i].
func quotient(a, b []float64) float64 {
	quotients := make([]float64, 0, len(a))
	for i := range a {
		quotients = append(quotients, a[i]/b[i])
	}
	return median(quotients)
}

// scaling is how much more all threads do than one.
type scaling struct {
	Figure    string  `json:"figure"`
	Candidate string  `json:"candidate"`
	Threads   int     `json:"threads"`
	Wall      float64 `json:"by_wall_time"` // what they did, also when others used the machine
	CPU       float64 `json:"by_cpu_time"`  // if they had not had to wait for a CPU
}

func scalings(all timings, threads int) []scaling {
	var lines []scaling
	if threads == 1 {
		return nil
	}
	for _, f := range []figure{figurePush, figurePull} {
		for _, name := range []string{nativeName, codec.Wasmer, codec.Wazero, blake3Name} {
			cpu1, wall1 := f.of(all, 1, name)
			cpuN, wallN := f.of(all, threads, name)
			n := float64(threads)
			lines = append(lines, scaling{f.title, name, threads, n * quotient(wall1, wallN), n * n * quotient(cpu1, cpuN)})
		}
	}
	return lines
}

// target is what wasmer should reach.
type target struct {
	What    string  `json:"what"`
	Limit   float64 `json:"limit"`
	Got     float64 `json:"got"`
	AtMost  bool    `json:"at_most"` // what is got may be at most the limit; else it must be at least that
	Unit    string  `json:"unit,omitempty"`
	Reached bool    `json:"reached"`
}

func newTarget(what string, got, limit float64) target {
	return target{What: what, Limit: limit, Got: got, Unit: "x", Reached: got >= limit}
}

func newLimit(what string, got, limit float64, unit string) target {
	return target{What: what, Limit: limit, Got: got, AtMost: true, Unit: unit, Reached: got <= limit}
}

// targets are those of speed.
func targets(all timings, w *work, lines []scaling) []target {
	toNative := func(f figure) float64 { return f.speed(all, w, 1).Ratio[codec.Wasmer] }
	toGo := func(f figure) float64 { return f.speed(all, w, 1).ToGo }
	list := []target{
		newTarget("cut, wasmer to native", toNative(figureCut), 1),
		newTarget("compress -1, wasmer to native", toNative(figureLevel1), 0.85),
		newTarget("compress -3, wasmer to native", toNative(figureLevel3), 0.9),
		newTarget("restore, wasmer to native", toNative(figureRestore), 0.85),
		newTarget("push, wasmer to native", toNative(figurePush), 0.8),
		newTarget("push, wasmer to the best in Go", toGo(figurePush), 1.6),
		newTarget("pull, wasmer to the best in Go", toGo(figurePull), 1.2),
	}
	for _, l := range lines {
		if l.Candidate == codec.Wasmer && l.Threads == 2 {
			list = append(list, newTarget("two threads to one, "+l.Figure, l.Wall, 1.8))
		}
	}
	return list
}
