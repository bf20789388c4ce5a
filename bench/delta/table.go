package main

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/sealift/sealift/bench/page"
)

// report is everything that was measured.
type report struct {
	machine page.Machine
	coders  []string // the columns
	rows    []row
}

// row is what a pair costs.
type row struct {
	pair  string
	raw   int64  // bytes of the new tar
	costs []cost // of each coder
}

func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.machine)
	r.byteTable().Write(w)
	fmt.Fprintln(w)
	r.speedTable().Write(w)
	fmt.Fprintln(w)
	r.timeTable().Write(w)
}

// byteTable is what must travel. Its last row compares all columns with that of bsdiff.
func (r *report) byteTable() page.Table {
	table := page.Table{append([]string{"MB that must travel", "new tar"}, r.coders...)}
	for _, row := range r.rows {
		cells := []string{row.pair, megabytes(row.raw)}
		for _, c := range row.costs {
			cells = append(cells, megabytes(c.Bytes))
		}
		table.Add(cells...)
	}
	last := []string{"geometric mean, bsdiff = 1", ""}
	for i := range r.coders {
		last = append(last, fmt.Sprintf("%.2f", r.toBsdiff(i)))
	}
	table.Add(last...)
	return table
}

// toBsdiff is the geometric mean of how many times the bytes of bsdiff a coder needs.
func (r *report) toBsdiff(coder int) float64 {
	var logs float64
	for _, row := range r.rows {
		for i, c := range row.costs {
			if r.coders[i] == bsdiff {
				logs += math.Log(float64(row.costs[coder].Bytes) / float64(c.Bytes))
			}
		}
	}
	return math.Exp(logs / float64(len(r.rows)))
}

// speedTable has the coders whose usage is known, over all pairs.
func (r *report) speedTable() page.Table {
	table := page.Table{{"one thread", "encode, MB/s", "decode, MB/s", "encode, peak MB", "decode, peak MB"}}
	for i, name := range r.coders {
		var raw int64
		var encode, decode usage
		for _, row := range r.rows {
			raw += cmp.Or(row.costs[i].Raw, row.raw)
			encode.add(row.costs[i].Encode)
			decode.add(row.costs[i].Decode)
		}
		if encode.CPU > 0 {
			table.Add(name, encode.speed(raw), decode.speed(raw), encode.peak(), decode.peak())
		}
	}
	return table
}

// timeTable has the coders that transfer images.
func (r *report) timeTable() page.Table {
	table := page.Table{{"seconds, all pairs", "push of the old", "push of the new", "pull of the new"}}
	for i, name := range r.coders {
		var all took
		for _, row := range r.rows {
			t := row.costs[i].Took
			all.First, all.Push, all.Update = all.First+t.First, all.Push+t.Push, all.Update+t.Update
		}
		if all.Push > 0 {
			table.Add(name, seconds(all.First), seconds(all.Push), seconds(all.Update))
		}
	}
	return table
}

func seconds(s float64) string { return fmt.Sprintf("%.1f", s) }

// add makes u the usage of two processes, one after the other.
func (u *usage) add(next usage) {
	u.CPU += next.CPU
	u.Memory = max(u.Memory, next.Memory)
}

func (u *usage) speed(bytes int64) string {
	return fmt.Sprintf("%.1f", float64(bytes)/1e6/u.CPU.Seconds())
}

func (u *usage) peak() string { return fmt.Sprintf("%.0f", float64(u.Memory)/1e6) }

func megabytes(n int64) string { return fmt.Sprintf("%.3f", float64(n)/1e6) }
