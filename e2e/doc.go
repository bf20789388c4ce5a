// Package e2e holds the tests of the sealift binary as a user runs it: against real registries, with real images, and
// with the faults that networks, disks and people bring. docs/format.md, and not the library's code, is what it takes
// for the truth about the chunked form.
package e2e
