package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	sealift "github.com/sealift/sealift/sealer-plugin"
)

// Exit codes.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitNotFound     = 3
	exitUnauthorized = 4
	exitDamaged      = 5
	exitInterrupted  = 130 // as shells have it: 128 + SIGINT
)

// outcomes says which error has which exit code; of several that fit the last counts. The root help lists them.
var outcomes = []struct {
	code    int
	meaning string
	errs    []error
}{
	{exitDone, "done", nil},
	{exitFailed, "failed", nil},
	{exitUsage, "wrong usage", []error{errUsage, sealift.ErrReference}},
	{exitNotFound, "not found", []error{sealift.ErrNotFound}},
	{exitUnauthorized, "authentication refused", []error{sealift.ErrUnauthorized}},
	{exitDamaged, "damaged data", []error{sealift.ErrDamaged}},
	{exitInterrupted, "interrupted", []error{errInterrupted}},
}

var (
	errUsage       = errors.New("wrong usage")
	errInterrupted = errors.New("interrupted")
)

// usageError is a command line that cannot be meant so. It is an errUsage.
type usageError struct {
	reason string
	hint   string
}

func (e *usageError) Error() string        { return e.reason }
func (e *usageError) Is(target error) bool { return target == errUsage }

func usageErrorf(format string, args ...any) error {
	return &usageError{reason: fmt.Sprintf(format, args...)}
}

// unknownCommand is the error for a name that is none of root's commands.
func unknownCommand(root *cobra.Command, name string) error {
	err := &usageError{reason: fmt.Sprintf("unknown command %q", name)}
	if near := root.SuggestionsFor(name); len(near) > 0 {
		err.hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return err
}

// flagError turns what the flag parser says into a usage error. A wrong command is told before its flags, which
// the root command cannot know.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); !cmd.HasParent() && len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return &usageError{reason: err.Error()}
}

func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	for _, o := range slices.Backward(outcomes) {
		if slices.ContainsFunc(o.errs, func(target error) bool { return errors.Is(err, target) }) {
			return o.code
		}
	}
	return exitFailed
}

// finish tells the user how cmd ended and returns the exit code. An error after a signal is the signal's.
func (c *cli) finish(cmd *cobra.Command, err error) int {
	if err != nil && errors.Is(context.Cause(c.ctx), errInterrupted) {
		c.log.Debug("stopped", "error", err)
		err = errInterrupted
	}
	code := exitCode(err)
	if err != nil {
		c.log = c.newLogger() // the error may have come before prepare, but after --log-format
		c.report(err, hint(cmd, err), code)
	}
	return code
}

// report writes the error as the last line on standard error.
func (c *cli) report(err error, hint string, code int) {
	if c.flags.logFormat == formatJSON {
		attrs := []any{"exit_code", code}
		if hint != "" {
			attrs = append(attrs, "hint", hint)
		}
		c.log.Error(err.Error(), attrs...)
		return
	}
	line := "sealift: " + printable(strings.ReplaceAll(err.Error(), "\n", "; ")) + "\n"
	if hint != "" {
		line += "hint: " + printable(hint) + "\n"
	}
	_, _ = c.screen.Write([]byte(line))
}

// interruptible returns a context that the first SIGINT or SIGTERM ends, with errInterrupted as its cause. A second one
// kills the process, as if nobody listened.
func (c *cli) interruptible(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		c.screen.rewind()
		c.log.Info("stopping; interrupt again to kill")
		cancel(errInterrupted)
	}()
	return ctx
}
