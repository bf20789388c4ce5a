// Package store keeps chunks and blobs on the local disk, so that what was fetched once is not fetched again.
//
// A store is a directory that one process has open at a time:
//
//	version        the version of this layout
//	index.db       where each chunk lies (bbolt)
//	packs/         pack files of frames, complete and immutable
//	blobs/sha256/  recipes, image documents and manifests, by digest
//	tmp/           files that are being written; emptied by Open
//
// The pack files are the truth, and index.db is a cache of the tables at their ends: Open adopts a pack that the
// index lacks (the process was killed between the two, or index.db was deleted) and forgets one that is gone.
//
// A pack file is made visible by fsync, rename and fsync of its directory, and only then its chunks are entered in
// the index. So a chunk that is listed is readable, whenever the process is killed.
package store
