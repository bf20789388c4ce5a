package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/sealift/sealift/bench/page"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

// report is what was measured, release by release.
type report []figures

func (r report) write(w io.Writer) {
	r.traffic().Write(w)
	fmt.Fprintln(w)
	r.ratios().Write(w)
}

// column is one kind of figure.
type column struct {
	title  string
	result func(figures) *sealift.Result // nil where a release has none
	value  func(*sealift.Result) float64
	digits int
}

var columns = []column{
	{"own frames", func(f figures) *sealift.Result { return f.own }, sent, 2},
	{"push, chunks alone", func(f figures) *sealift.Result { return f.chunks }, sent, 2},
	{"push", func(f figures) *sealift.Result { return f.push }, sent, 2},
	{"the push reads", func(f figures) *sealift.Result { return f.push }, received, 2},
	{"pull from n-1, chunks alone", func(f figures) *sealift.Result { return f.chunksPull }, received, 2},
	{"from n-1", func(f figures) *sealift.Result { return f.fromLast }, received, 2},
	{"requests", func(f figures) *sealift.Result { return f.fromLast }, requests, 0},
	{"from n-3", func(f figures) *sealift.Result { return f.fromThird }, received, 2},
	{"requests", func(f figures) *sealift.Result { return f.fromThird }, requests, 0},
	{"from nothing", func(f figures) *sealift.Result { return f.fromNone }, received, 2},
	{"requests", func(f figures) *sealift.Result { return f.fromNone }, requests, 0},
}

func sent(r *sealift.Result) float64     { return float64(r.SentBytes) / 1e6 }
func received(r *sealift.Result) float64 { return float64(r.ReceivedBytes) / 1e6 }
func requests(r *sealift.Result) float64 { return float64(r.Requests) }

// traffic has a row for each release, and their average but for the first, which is no update.
func (r report) traffic() page.Table {
	table := page.Table{{"MB"}}
	for _, c := range columns {
		table[0] = append(table[0], c.title)
	}
	for i, f := range r {
		cells := []string{fmt.Sprintf("%s: %s", tag(i), f.release)}
		for _, c := range columns {
			cells = append(cells, c.mean([]figures{f}))
		}
		table.Add(cells...)
	}
	average := []string{"average of the updates"}
	for _, c := range columns {
		average = append(average, c.mean(r[1:]))
	}
	table.Add(average...)
	return table
}

// mean returns the mean of the releases that have the figure.
func (c column) mean(of []figures) string {
	var sum, count float64
	for _, f := range of {
		if result := c.result(f); result != nil {
			sum += c.value(result)
			count++
		}
	}
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%.*f", c.digits, sum/count)
}

// ratios are what deltas change, over all updates.
func (r report) ratios() page.Table {
	table := page.Table{{"with deltas, to without", "mean", "most", "aim"}}
	for _, ratio := range []struct {
		what string
		of   func(figures) float64
		aim  float64
	}{
		{"push", func(f figures) float64 { return sent(f.push) / sent(f.chunks) }, .3},
		{"pull from n-1", func(f figures) float64 { return received(f.fromLast) / received(f.chunksPull) }, .3},
		{"pull from nothing, to own frames", fromNothing, 1.3},
	} {
		var sum float64
		var all []float64
		for _, f := range r[1:] {
			all = append(all, ratio.of(f))
			sum += ratio.of(f)
		}
		table.Add(ratio.what, decimals(sum/float64(len(all))), decimals(slices.Max(all)), decimals(ratio.aim))
	}
	return table
}

func fromNothing(f figures) float64 { return received(f.fromNone) / sent(f.own) }

func decimals(ratio float64) string { return fmt.Sprintf("%.2f", ratio) }
