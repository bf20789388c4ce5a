// Package block reads and writes block streams, the form of recipes and indexes (docs/format.md): a sequence of
// compressed blocks, each with a kind, that can be read forwards or skipped and that ends with an end block.
package block

// KindEnd is the kind of the last block of a stream, and of no other.
const KindEnd uint8 = 0
