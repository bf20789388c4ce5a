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

// unchanged is what the push or pull of an image that is already there may cost, in bytes.
const unchanged = 64 << 10

// side is one of the two programs that are compared, with a repository and machines of its own.
type side struct {
	binary, scheme string
	from           *machine
	to             *machine
	gate           *gate
	repository     string
}

// trip is what a push and a pull took.
type trip struct{ push, pull cost }

type cost struct {
	traffic
	seconds float64
}

// carry pushes an image that the sender has, and pulls it on the receiver.
func (s side) carry(t *testing.T, name, tag string) trip {
	t.Helper()
	ref := fmt.Sprintf("%s/%s:%s", s.gate.addr, s.repository, tag)
	s.from.must(t, lifted, "tag", name, ref)
	return trip{
		push: s.measure(t, "push", "--quiet", "--skip-tls-verify", s.scheme+ref),
		pull: s.measure(t, "pull", "--quiet", "--skip-tls-verify", s.scheme+ref),
	}
}

func (s side) measure(t *testing.T, args ...string) cost {
	t.Helper()
	m := s.from
	if args[0] == "pull" {
		m = s.to
	}
	s.gate.take()
	begun := time.Now()
	m.must(t, s.binary, args...)
	return cost{s.gate.take(), time.Since(begun).Seconds()}
}

// TestSealerTraffic carries versions of a cluster image from one machine to another, with Sealift and by sealer's own
// way, and compares the bytes. Times are shown, and not judged.
func TestSealerTraffic(t *testing.T) {
	w := theWorkshop(t)
	gate := newGate(t, w.registry.Addr)
	own := side{stock, "", w.machine, newMachine(t), gate, "stock"}
	ours := side{lifted, "sealift://", w.machine, newMachine(t), gate, "lifted"}

	trips := []comparison{
		{what: "v1", tag: v1, fewer: 1},
		{what: "v2: 69 bytes of one binary", tag: v2, fewer: 100},
		{what: "v3: a binary, an application", tag: v3, fewer: 1},
		{what: "v3 again", tag: v3},
	}
	for i, c := range trips {
		trips[i].stock = own.carry(t, w.name(c.tag), c.tag)
		trips[i].lifted = ours.carry(t, w.name(c.tag), c.tag)
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
