package main

import (
	"fmt"
	"io"

	"github.com/sealift/sealift/bench/page"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// write writes the report as Markdown, which is also for reading as it is.
func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.Machine)
	fmt.Fprintf(w, "%d MiB of real software: %s. Medians of %d rounds.\n\n", r.MiB, r.Data, r.Rounds)
	for _, part := range []page.Table{r.speedTable(), r.sizeTable(), r.scalingTable(), r.startTable(), r.binaryTable(), r.targetTable()} {
		if len(part) > 1 {
			part.Write(w)
			fmt.Fprintln(w)
		}
	}
}

func (r *report) speedTable() page.Table {
	t := page.Table{{"MB/s", "threads", "native", "wasmer", "of native", "wazero", "of native",
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
		t.Add(append(row, fmt.Sprintf("%.2f", s.ToGo))...)
	}
	return t
}

func (r *report) sizeTable() page.Table {
	t := page.Table{{"compressed to", "native, wasmer, wazero", blake3Name}}
	for _, s := range r.Sizes {
		t.Add(fmt.Sprintf("-%d", s.Level), fmt.Sprintf("%.1f %%", 100*s.Ours), fmt.Sprintf("%.1f %%", 100*s.Go))
	}
	return t
}

func (r *report) scalingTable() page.Table {
	t := page.Table{{"all threads to one", "threads", "by wall time", "by CPU time"}}
	for _, s := range r.Scaling {
		t.Add(s.Figure+", "+s.Candidate, fmt.Sprint(s.Threads), fmt.Sprintf("%.2f", s.Wall), fmt.Sprintf("%.2f", s.CPU))
	}
	return t
}

func (r *report) startTable() page.Table {
	t := page.Table{{"start of a process to its end, ms", "median", "best", "CPU time"}}
	for _, s := range r.Start {
		t.Add(s.What, fmt.Sprintf("%.1f", s.Wall), fmt.Sprintf("%.1f", s.Best), fmt.Sprintf("%.1f", s.CPU))
	}
	return t
}

func (r *report) binaryTable() page.Table {
	t := page.Table{{"static sealift, MB", "size", "more"}}
	for _, b := range r.Binaries {
		t.Add(b.What, fmt.Sprintf("%.2f", float64(b.Bytes)/1e6), fmt.Sprintf("%.2f", float64(b.More)/1e6))
	}
	return t
}

func (r *report) targetTable() page.Table {
	t := page.Table{{"target", "is", "should be", ""}}
	for _, g := range r.Targets {
		relation, verdict := "at least", "missed"
		if g.AtMost {
			relation = "at most"
		}
		if g.Reached {
			verdict = "reached"
		}
		t.Add(g.What, fmt.Sprintf("%.2f %s", g.Got, g.Unit), fmt.Sprintf("%s %g %s", relation, g.Limit, g.Unit), verdict)
	}
	return t
}
