// Package store keeps chunks and blobs on the local disk, so that what was fetched once is not fetched again.
//
// A store is a directory that one process has open at a time:
//
//	lock           held while the store is open
//	version        the version of this layout
//	index.db       where each chunk lies (bbolt)
//	packs/         pack files: frames, complete and immutable
//	blobs/sha256/  recipes, image documents and manifests, by digest
//	tmp/           files that are being written; emptied by Open
//
// The pack files are the truth, and index.db is a cache of the tables at their ends. Open enters a pack that the
// index lacks (the process was killed, or index.db was lost) and drops the chunks of one that is gone.
//
// A file becomes visible by fsync, rename and fsync of its directory, and only then the chunks of a pack are entered in
// the index. So whenever the process is killed, a chunk that is listed can be read.
//
// The pack files of a store are not the packs of a remote (docs/format.md): they hold frames of many of these, often of
// which only some chunks are known, and no other machine reads them. But they, too, are valid zstd streams.
package store
