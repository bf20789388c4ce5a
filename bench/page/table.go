// Package page writes what benchmarks measure into pages of Markdown, which are also for reading as they are.
package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells below a head, all of them as long. The first column is text, the others are numbers.
type Table [][]string

// Add appends a row.
func (t *Table) Add(cells ...string) { *t = append(*t, cells) }

// Write writes the table, aligned.
func (t Table) Write(w io.Writer) {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range t {
		fmt.Fprintln(w, line(row, widths))
		if i == 0 {
			fmt.Fprintln(w, rule(widths))
		}
	}
}

func line(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		if i == 0 {
			fmt.Fprintf(&b, "| %-*s ", widths[i], cell)
		} else {
			fmt.Fprintf(&b, "| %*s ", widths[i], cell)
		}
	}
	return b.String() + "|"
}

func rule(widths []int) string {
	var b strings.Builder
	for i, width := range widths {
		if i == 0 {
			b.WriteString("|" + strings.Repeat("-", width+2))
		} else {
			b.WriteString("|" + strings.Repeat("-", width+1) + ":")
		}
	}
	return b.String() + "|"
}
