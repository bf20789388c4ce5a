package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// table is rows of cells below a head, which are written as aligned Markdown. The first column is text.
type table [][]string

func (t *table) add(cells ...string) { *t = append(*t, cells) }

func (t table) write(w io.Writer) {
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

// write writes the report as Markdown, which is also for reading as it is.
func (r *report) write(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%s, %d cores, %s; load before: %s.\n%s.\n\n",
		m.CPU, m.Cores, m.System, m.Load, strings.Join(m.Versions, ", "))
	fmt.Fprintf(w, "%d MiB of real software: %s. Medians of %d rounds.\n\n", r.MiB, r.Data, r.Rounds)
	for _, part := range []table{r.speedTable(), r.sizeTable(), r.scalingTable(), r.startTable(), r.binaryTable(), r.targetTable()} {
		if len(part) > 1 {
			part.write(w)
			fmt.Fprintln(w)
		}
	}
}

func (r *report) speedTable() table {
	t := table{{"MB/s", "threads", "native", "wasmer", "of native", "wazero", "of native",
		blake3Name, "of native", sha256Name, "of native", "wasmer to best Go"}}
	for _, s := range r.Speeds {
		row := []string{s.Figure, fmt.Sprint(s.Threads), fmt.Sprintf("%.0f", s.MBps[nativeName])}
		for _, name := range []string{codec.Wasmer, codec.Wazero, blake3Name, sha256Name} {
			if s.MBps[name] == 0 {
				row = append(row, "", "")
				continue
			}
			row = append(row, fmt.Sprintf("%.0f", s.MBps[name]), fmt.Sprintf("%.2f", s.Ratio[name]))
		}
		t.add(append(row, fmt.Sprintf("%.2f", s.ToGo))...)
	}
	return t
}

func (r *report) sizeTable() table {
	t := table{{"compressed to", "native, wasmer, wazero", blake3Name}}
	for _, s := range r.Sizes {
		t.add(fmt.Sprintf("-%d", s.Level), fmt.Sprintf("%.1f %%", 100*s.Ours), fmt.Sprintf("%.1f %%", 100*s.Go))
	}
	return t
}

func (r *report) scalingTable() table {
	t := table{{"all threads to one", "threads", "by wall time", "by CPU time"}}
	for _, s := range r.Scaling {
		t.add(s.Figure+", "+s.Candidate, fmt.Sprint(s.Threads), fmt.Sprintf("%.2f", s.Wall), fmt.Sprintf("%.2f", s.CPU))
	}
	return t
}

func (r *report) startTable() table {
	t := table{{"start of a process to its end, ms", "median", "best", "CPU time"}}
	for _, s := range r.Start {
		t.add(s.What, fmt.Sprintf("%.1f", s.Wall), fmt.Sprintf("%.1f", s.Best), fmt.Sprintf("%.1f", s.CPU))
	}
	return t
}

func (r *report) binaryTable() table {
	t := table{{"static sealift, MB", "size", "more"}}
	for _, b := range r.Binaries {
		t.add(b.What, fmt.Sprintf("%.2f", float64(b.Bytes)/1e6), fmt.Sprintf("%.2f", float64(b.More)/1e6))
	}
	return t
}

func (r *report) targetTable() table {
	t := table{{"target", "is", "should be", ""}}
	for _, g := range r.Targets {
		relation, verdict := "at least", "missed"
		if g.AtMost {
			relation = "at most"
		}
		if g.Reached {
			verdict = "reached"
		}
		t.add(g.What, fmt.Sprintf("%.2f %s", g.Got, g.Unit), fmt.Sprintf("%s %g %s", relation, g.Limit, g.Unit), verdict)
	}
	return t
}

// What stands around the report in a document.
const (
	beginMark = "<!-- bench/codec: begin -->\n"
	endMark   = "<!-- bench/codec: end -->\n"
)

// replaceIn puts text into a document in place of what stands between the marks.
func replaceIn(file, text string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(document, []byte(beginMark))
	_, after, ends := bytes.Cut(rest, []byte(endMark))
	if !begins || !ends {
		return fmt.Errorf("%s has no lines %q and %q", file, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return os.WriteFile(file, []byte(string(before)+beginMark+text+endMark+string(after)), 0o644)
}
