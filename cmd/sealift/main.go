// Command sealift pushes and pulls container images by chunks. It is a thin front of package sealift: what the flags are,
// what is printed where, and which exit code says what.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
