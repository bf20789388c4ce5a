//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sealift/sealift/bench/page"
)

// table has what each step took, in every round: without deltas, and with them.
type table map[string]*[2][]took

func (t table) add(what string, deltas bool, result took) {
	if t[what] == nil {
		t[what] = new([2][]took)
	}
	column := &t[what][0]
	if deltas {
		column = &t[what][1]
	}
	*column = append(*column, result)
}

// median returns the result that was neither quick nor slow.
func median(results []took) took {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b took) int { return cmp.Compare(a.seconds, b.seconds) })
	return sorted[len(sorted)/2]
}

// rows returns a row for each step.
func (t table) rows() page.Table {
	rows := page.Table{{
		"over the link", "MB sent", "MB received", "seconds", "of CPUs",
		"MB sent, deltas", "MB received", "seconds", "of CPUs", "times sooner",
	}}
	for _, s := range steps {
		if s.what == "" {
			continue
		}
		without, with := median(t[s.what][0]), median(t[s.what][1])
		sooner := fmt.Sprintf("%.1f", without.seconds/with.seconds)
		rows.Add(slices.Concat([]string{s.what}, without.cells(), with.cells(), []string{sooner})...)
	}
	return rows
}

func (t took) cells() []string {
	var cells []string
	for _, figure := range []float64{float64(t.sent) / 1e6, float64(t.received) / 1e6, t.seconds, t.work} {
		cells = append(cells, fmt.Sprintf("%.2f", figure))
	}
	return cells
}
