package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/bench/page"
)

// report is everything that was measured.
type report struct {
	machine page.Machine
	samples []sample
	plain   figures // of the contents, as they are
	rows    []row
	partly  []string // the files that are not stored as what is inside
	left    []string // what was not measured, and why
}

// row is a tool at a level, with all contents.
type row struct {
	title string
	figures
}

// uses notes a program of a release, if that is not known from elsewhere.
func (r *report) uses(release string) {
	if release != "" && !slices.Contains(r.machine.Versions, release) {
		r.machine.Versions = append(r.machine.Versions, release)
	}
}

// note tells of a gzip file of size bytes that is not stored to the end as what is inside of it.
func (r *report) note(what string, m measured, size int64) {
	if m.kept(size) == 0 {
		return
	}
	opened, encoding := m.opened()
	by := "by no encoder"
	if opened > 0 {
		by = encoding.String()
	}
	r.partly = append(r.partly, fmt.Sprintf("%s: %.3f of %.3f MB, %s", what, float64(opened)/1e6, float64(size)/1e6, by))
}

func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.machine)
	var contents []string
	for _, s := range r.samples {
		contents = append(contents, fmt.Sprintf("%s (%s MB)", s.name, megabytes(s.size)))
	}
	fmt.Fprintf(w, "Contents: %s.\n\n", strings.Join(contents, ", "))
	r.bytes().Write(w)
	fmt.Fprintln(w)
	r.speeds().Write(w)
	if len(r.partly) > 0 {
		fmt.Fprintf(w, "\nNot to the end:\n\n")
	}
	for _, partly := range r.partly {
		fmt.Fprintf(w, "- %s\n", partly)
	}
	for _, left := range r.left {
		fmt.Fprintf(w, "\nLeft out: %s.\n", left)
	}
}

// bytes is what is stored of the gzip files.
func (r *report) bytes() page.Table {
	table := page.Table{{
		"made by", "recognised as", "MB", "files", "the same again", "opened, %", "to the end", "kept, %", "recipe, %",
		"its bytes for gzip, each",
	}}
	for _, row := range r.rows {
		table.Add(row.title, cmp.Or(strings.Join(row.encodings, ", "), "-"), megabytes(row.gzip), fmt.Sprint(row.files),
			fmt.Sprint(row.same), percent(row.opened, row.gzip), fmt.Sprint(row.whole), percent(row.kept, row.gzip),
			percent(row.recipes, row.gzip), row.each())
	}
	return table
}

// speeds is how fast it is, by the bytes inside.
func (r *report) speeds() page.Table {
	table := page.Table{{"one thread, MB/s inside", "recognise", "make again"}}
	table.Add("(the contents as they are)", r.plain.speed(r.plain.build), r.plain.speed(r.plain.rebuild))
	for _, row := range r.rows {
		table.Add(row.title, row.speed(row.build), row.speed(row.rebuild))
	}
	return table
}

func (f *figures) speed(took time.Duration) string {
	return fmt.Sprintf("%.1f", float64(f.raw)/1e6/took.Seconds())
}

// each is the part of whole files' recipes that is there for gzip.
func (f *figures) each() string {
	if f.whole == 0 {
		return "-"
	}
	return fmt.Sprint(f.extra / int64(f.whole))
}

func percent(part, of int64) string { return fmt.Sprintf("%.2f", 100*float64(part)/float64(of)) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
