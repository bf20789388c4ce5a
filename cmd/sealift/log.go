package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// newLogger returns the logger that the flags ask for. It writes to the screen.
func (c *cli) newLogger() *slog.Logger {
	level := slog.LevelInfo
	switch {
	case c.flags.quiet:
		level = slog.LevelWarn
	case c.flags.verbose:
		level = slog.LevelDebug
	}
	if c.flags.logFormat == formatJSON {
		return slog.New(slog.NewJSONHandler(c.screen, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(&lines{out: c.screen, level: level})
}

// lines is a slog.Handler for people: one line a record, without time, and without level when there is nothing to worry.
type lines struct {
	out    io.Writer
	level  slog.Level
	attrs  string // those of With, as they are printed
	prefix string // of the keys, from WithGroup
}

var _ slog.Handler = (*lines)(nil)

func (h *lines) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *lines) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("sealift: ")
	if r.Level != slog.LevelInfo {
		b.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	b.WriteString(r.Message + h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.format(a))
		return true
	})
	_, err := io.WriteString(h.out, printable(b.String())+"\n")
	return err
}

func (h *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		with.attrs += h.format(a)
	}
	return &with
}

func (h *lines) WithGroup(name string) slog.Handler {
	with := *h
	with.prefix += name + "."
	return &with
}

func (h *lines) format(a slog.Attr) string {
	value := a.Value.Resolve().String()
	if value == "" || strings.ContainsAny(value, " \"\n") {
		value = fmt.Sprintf("%q", value)
	}
	return " " + h.prefix + a.Key + "=" + value
}
