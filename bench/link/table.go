//go:build linux

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
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

// print writes the table.
func (t table) print(w io.Writer) error {
	rows := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(rows, "without deltas:\tMB sent\tMB received\tseconds\tof CPU\twith deltas:\tMB sent\tMB received\tseconds\tof CPU\ttimes sooner\t")
	for _, s := range steps {
		if s.what == "" {
			continue
		}
		without, with := median(t[s.what][0]), median(t[s.what][1])
		fmt.Fprintf(rows, "%s\t%s\t\t%s\t%.1f\t\n", s.what, without, with, without.seconds/with.seconds)
	}
	return rows.Flush()
}

func (t took) String() string {
	return fmt.Sprintf("%.2f\t%.2f\t%.2f\t%.2f", float64(t.sent)/1e6, float64(t.received)/1e6, t.seconds, t.work)
}
