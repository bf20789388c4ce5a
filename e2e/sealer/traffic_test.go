package sealer

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
)

// unchanged is what the push or pull of an image that is already there may cost, in bytes: its recipes, which have the headers
// of all files, also of those inside of compressed ones.
const unchanged = 128 << 10

// side is one of the two programs that are compared, with a repository and machines of its own.
type side struct {
	binary, scheme string
	from           *machine
	to             *machine
	gate           *gate
	repository     string
}

// trip is what a build, a push and a pull took.
type trip struct{ build, push, pull cost }

type cost struct {
	traffic
	seconds float64
}

// carry builds the cluster image of a directory unless that was done before, pushes it, and pulls it on the receiver.
func (s side) carry(t *testing.T, dir, tag string, build bool) (took trip) {
	t.Helper()
	ref := fmt.Sprintf("%s/%s:%s", s.gate.addr, s.repository, tag)
	if build {
		took.build = s.measure(t, func() {
			if err := s.from.sealerBuild(t.Context(), s.binary, dir, ref, "kube-installer"); err != nil {
				t.Fatal(err)
			}
		})
	}
	took.push = s.measure(t, func() { s.from.must(t, s.binary, "push", "--quiet", "--skip-tls-verify", s.scheme+ref) })
	took.pull = s.measure(t, func() { s.to.must(t, s.binary, "pull", "--quiet", "--skip-tls-verify", s.scheme+ref) })
	return took
}

func (s side) measure(t *testing.T, do func()) cost {
	t.Helper()
	s.gate.take()
	begun := time.Now()
	do()
	return cost{s.gate.take(), time.Since(begun).Seconds()}
}

// TestSealerTraffic carries versions of a cluster image from one machine to another, with Sealift and by sealer's own
// way, and compares the bytes. Times are shown, and not judged.
func TestSealerTraffic(t *testing.T) {
	w := theWorkshop(t)
	gate := newGate(t, w.registry.Addr)
	own := side{stock, "", newMachine(t), newMachine(t), gate, "stock"}
	ours := side{lifted, "sealift://", newMachine(t), newMachine(t), gate, "lifted"}

	trips := []comparison{
		{what: "v1", tag: v1, fewer: 1},
		{what: "v2: 69 bytes of one binary", tag: v2, fewer: 100},
		{what: "v3: a binary, an application", tag: v3, fewer: 5},
		{what: "v3 again", tag: v3},
	}
	for i, c := range trips {
		trips[i].stock = own.carry(t, w.path(c.tag), c.tag, c.fewer > 0)
		trips[i].lifted = ours.carry(t, w.path(c.tag), c.tag, c.fewer > 0)
	}
	show(t, trips)
	for _, c := range trips {
		c.judge(t, "push", c.stock.push, c.lifted.push)
		c.judge(t, "pull", c.stock.pull, c.lifted.pull)
	}
}

// comparison is what both sides took for the same image.
type comparison struct {
	what, tag     string
	fewer         int64 // times fewer bytes that are asked for; 0 for an image that is there: it has a limit of its own
	stock, lifted trip
}

func (c comparison) judge(t *testing.T, doing string, stock, lifted cost) {
	t.Helper()
	limit := int64(unchanged)
	if c.fewer > 0 {
		limit = stock.bytes() / c.fewer
	}
	if lifted.bytes() > limit {
		t.Errorf("%s %s: %d bytes sent, %d received, more than %d", doing, c.what, lifted.sent, lifted.received, limit)
	}
}

// show prints the table of what travelled, also to the file that is asked for.
func show(t *testing.T, trips []comparison) {
	t.Helper()
	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "\tsealer\t\t\twith Sealift\t\t\tbytes\t")
	fmt.Fprintln(columns, "\tsent\treceived\ttime\tsent\treceived\ttime\ttimes fewer\t")
	for _, c := range trips {
		if c.fewer > 0 {
			fmt.Fprintf(columns, "build %s\t\t\t%.1f s\t\t\t%.1f s\t\t\n", c.what, c.stock.build.seconds, c.lifted.build.seconds)
		}
		row(columns, "push "+c.what, c.stock.push, c.lifted.push)
		row(columns, "pull "+c.what, c.stock.pull, c.lifted.pull)
	}
	if err := columns.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &out)
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, out.Bytes(), 0o644); err != nil {
		t.Error(err)
	}
}

func row(out *tabwriter.Writer, what string, stock, lifted cost) {
	cells := func(c cost) string {
		sent, received := humanize.Bytes(uint64(c.sent)), humanize.Bytes(uint64(c.received))
		return fmt.Sprintf("%s\t%s\t%.1f s", sent, received, c.seconds)
	}
	fewer := float64(stock.bytes()) / float64(lifted.bytes())
	fmt.Fprintf(out, "%s\t%s\t%s\t%.1f\t\n", what, cells(stock), cells(lifted), fewer)
}
