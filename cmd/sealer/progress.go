package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// progress shows what a push or a pull is doing: bars on a terminal; elsewhere a line at the end of each task.
type progress struct {
	out  io.Writer
	bars *mpb.Progress // nil where out is no terminal
}

var (
	_ sealift.Progress = (*progress)(nil)
	_ sealift.Task     = (*bar)(nil)
	_ sealift.Task     = (*line)(nil)
)

func newProgress(out *os.File) *progress {
	p := &progress{out: out}
	if term.IsTerminal(int(out.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40))
	}
	return p
}

// close waits until everything is shown.
func (p *progress) close() {
	if p.bars != nil {
		p.bars.Shutdown()
	}
}

// Begin implements sealift.Progress.
func (p *progress) Begin(name string, total int64) sealift.Task {
	if p.bars == nil {
		return &line{out: p.out, name: name}
	}
	shown, err := p.bars.Add(0, mpb.BarStyle().Build(),
		mpb.PrependDecorators(decor.Name(name+" ")), mpb.AppendDecorators(decor.CurrentKiloByte("%.1f")))
	if err != nil { // after close
		return transfer.Hush{}.Begin(name, total)
	}
	task := &bar{shown}
	task.SetTotal(total)
	return task
}

// bar is a task on a terminal.
type bar struct{ *mpb.Bar }

func (b *bar) Add(n int64)      { b.IncrInt64(n) }
func (b *bar) SetTotal(n int64) { b.Bar.SetTotal(max(n, 0), false) }

func (b *bar) End(outcome error) {
	if outcome != nil {
		b.Abort(false)
		return
	}
	b.Bar.SetTotal(-1, true)
}

// line is a task elsewhere.
type line struct {
	out  io.Writer
	name string
	done atomic.Int64
}

func (l *line) Add(n int64)  { l.done.Add(n) }
func (*line) SetTotal(int64) {}

func (l *line) End(outcome error) {
	if outcome == nil {
		fmt.Fprintf(l.out, "%s: %s\n", l.name, bytesOf(l.done.Load()))
	}
}

func bytesOf(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
