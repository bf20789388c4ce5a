// Package sealer holds the tests of cmd/sealer, which is sealer with Sealift compiled in: the binary does what a user
// of sealer does, on machines that are mount namespaces, with real registries, and beside sealer as its authors made
// it. The tests need root.
package sealer
