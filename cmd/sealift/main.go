// Command sealift pushes and pulls container images by chunks. It is a thin front of package sealift: what the flags are,
// what is printed where, and which exit code says what.
package main

import (
	"os"
	"runtime/debug"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// The heap is mostly buffers, in which the collector has nothing to look for: it costs little to run often, and keeps
		// a transfer with two jobs below 256 MiB.
		debug.SetGCPercent(33)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
