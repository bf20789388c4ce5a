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

	cargo := []struct{ what, tag string }{
		{"v1", v1}, {"v2: 69 bytes of one binary", v2}, {"v3: a binary, an application", v3}, {"v3 again", v3},
	}
	var stocks, lifts []trip
	for _, c := range cargo {
		stocks = append(stocks, own.carry(t, w.name(c.tag), c.tag))
		lifts = append(lifts, ours.carry(t, w.name(c.tag), c.tag))
	}

	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "\tsealer\t\t\twith Sealift\t\t\tbytes\t")
	fmt.Fprintln(columns, "\tsent\treceived\ttime\tsent\treceived\ttime\ttimes fewer\t")
	for i, c := range cargo {
		row(columns, "push "+c.what, stocks[i].push, lifts[i].push)
		row(columns, "pull "+c.what, stocks[i].pull, lifts[i].pull)
	}
	if err := columns.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &out)
	if *table != "" {
		if err := os.WriteFile(*table, out.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	}

	atMost(t, "push v1", lifts[0].push, stocks[0].push.bytes())
	atMost(t, "pull v1", lifts[0].pull, stocks[0].pull.bytes())
	atMost(t, "push v2", lifts[1].push, stocks[1].push.bytes()/100)
	atMost(t, "pull v2", lifts[1].pull, stocks[1].pull.bytes()/100)
	atMost(t, "push v3", lifts[2].push, stocks[2].push.bytes())
	atMost(t, "pull v3", lifts[2].pull, stocks[2].pull.bytes())
	atMost(t, "push v3 again", lifts[3].push, unchanged)
	atMost(t, "pull v3 again", lifts[3].pull, unchanged)
}

func row(out *tabwriter.Writer, what string, stock, lifted cost) {
	cells := func(c cost) string {
		sent, received := humanize.Bytes(uint64(c.sent)), humanize.Bytes(uint64(c.received))
		return fmt.Sprintf("%s\t%s\t%.1f s", sent, received, c.seconds)
	}
	fewer := float64(stock.bytes()) / float64(lifted.bytes())
	fmt.Fprintf(out, "%s\t%s\t%s\t%.1f\t\n", what, cells(stock), cells(lifted), fewer)
}

func atMost(t *testing.T, what string, c cost, limit int64) {
	t.Helper()
	if c.bytes() > limit {
		t.Errorf("%s: %d bytes sent, %d received, more than %d", what, c.sent, c.received, limit)
	}
}
