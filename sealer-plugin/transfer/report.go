package transfer

import (
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

// Result is what a push or a pull did.
type Result struct {
	Digest        digest.Digest `json:"digest"`                  // of the plain image: its manifest, or its index
	ChunkedDigest digest.Digest `json:"chunked_digest,omitzero"` // of the manifest of its chunked form, if there is one
	Traffic
	ChunksTotal int   `json:"chunks_total"` // distinct chunks of the image
	ChunksNew   int   `json:"chunks_new"`   // those of them that travelled
	RawBytes    int64 `json:"raw_bytes"`    // all blobs of the plain image
	NewBytes    int64 `json:"new_bytes"`    // raw bytes of the new chunks
	Unchanged   bool  `json:"unchanged"`    // nothing had to be done
}

// Traffic is what was exchanged with a remote.
type Traffic struct {
	SentBytes     int64   `json:"sent_bytes"`     // to the remote: bodies of requests, or bytes written to a layout
	ReceivedBytes int64   `json:"received_bytes"` // from the remote: bodies of answers, or bytes read from a layout
	Requests      int64   `json:"requests"`
	Seconds       float64 `json:"seconds"`
}

// SetTraffic enters what was measured.
func (t *Traffic) SetTraffic(measured Traffic) { *t = measured }

// FileResult is what a save or a load did.
type FileResult struct {
	File      string      `json:"file"`
	FileBytes int64       `json:"file_bytes"`
	Images    []FileImage `json:"images"`
	Traffic
}

// FileImage is an image in a file.
type FileImage struct {
	Tag           string         `json:"tag"`
	Digest        digest.Digest  `json:"digest"`          // of the plain image
	ChunkedDigest digest.Digest  `json:"chunked_digest"`  // of the manifest of its chunked form
	RawBytes      int64          `json:"raw_bytes"`       // all blobs of the plain image
	Since         []remote.Since `json:"since,omitempty"` // images that have what the file leaves out of this one
}

// Plan is what a pull would fetch, beside manifest, image document, recipes and index.
type Plan struct {
	Digest        digest.Digest `json:"digest"`      // of the plain image
	FrameBytes    int64         `json:"frame_bytes"` // of chunks, also of those that deltas are coded against
	FrameRequests int           `json:"frame_requests"`
	DeltaBytes    int64         `json:"delta_bytes"`
	DeltaRequests int           `json:"delta_requests"`
	ChunksTotal   int           `json:"chunks_total"` // distinct chunks of the image
	ChunksNew     int           `json:"chunks_new"`   // those of them that are lacking
	RawBytes      int64         `json:"raw_bytes"`    // all blobs of the plain image
	NewBytes      int64         `json:"new_bytes"`    // raw bytes of the new chunks
}

// Progress is told what a push or a pull is doing. Its methods may be called by several goroutines at once.
type Progress interface {
	// Begin announces a task of total bytes; -1 says that the total is not known yet.
	Begin(name string, total int64) Task
}

// Task is one line of progress.
type Task interface {
	Add(n int64)       // n more bytes are done
	SetTotal(n int64)  // the total is known, or has grown
	End(outcome error) // nothing follows; nil is success
}

// Hush is a Progress that shows nothing.
type Hush struct{}

// Begin returns a task that shows nothing.
func (Hush) Begin(string, int64) Task { return hushTask{} }

type hushTask struct{}

func (hushTask) Add(int64)      {}
func (hushTask) SetTotal(int64) {}
func (hushTask) End(error)      {}

var (
	_ Progress = Hush{}
	_ Task     = hushTask{}
)

// joined shows all tasks that are begun as one, which grows.
type joined struct {
	Progress
	name string

	mu    sync.Mutex
	task  Task
	total int64
}

// Begin implements Progress.
func (j *joined) Begin(_ string, total int64) Task {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.total += total
	if j.task == nil {
		j.task = j.Progress.Begin(j.name, j.total)
	} else {
		j.task.SetTotal(j.total)
	}
	return part{j.task}
}

// end ends the one task, if there was any.
func (j *joined) end(outcome error) {
	if j.task != nil {
		j.task.End(outcome)
	}
}

// part is a task that is a part of another one.
type part struct{ Task }

// End leaves the other one going on.
func (part) End(error) {}

// Inspection describes an image on a remote.
type Inspection struct {
	Reference     string        `json:"reference"`
	Digest        digest.Digest `json:"digest"` // of the plain image
	MediaType     string        `json:"media_type"`
	ChunkedDigest digest.Digest `json:"chunked_digest,omitzero"`
	Origin        digest.Digest `json:"origin,omitzero"` // the image before its layers were unpacked
	Created       string        `json:"created,omitempty"`
	Platforms     []string      `json:"platforms,omitempty"`
	RawBytes      int64         `json:"raw_bytes"`
	PackBytes     int64         `json:"pack_bytes"`
	Packs         int           `json:"packs"` // of frames
	DeltaBytes    int64         `json:"delta_bytes"`
	DeltaPacks    int           `json:"delta_packs"`
	Chunks        int           `json:"chunks"`
	Blobs         []BlobReport  `json:"blobs"`
}

// BlobReport says how one blob of an image is stored.
type BlobReport struct {
	Digest    digest.Digest `json:"digest"`
	MediaType string        `json:"media_type"`
	Size      int64         `json:"size"`
	Stored    string        `json:"stored"` // "inline", "tar", "bytes", or "plain" in an image that is not chunked
	Chunks    int           `json:"chunks"`
	Packed    int64         `json:"packed_bytes"` // its share of the compressed frames, plus its recipe
	// Gzip are the streams of gzip and zstd files that are stored as what is inside of them.
	Gzip []GzipReport `json:"gzip,omitempty"`
}

// GzipReport describes streams of a blob that are made again in the same way.
type GzipReport struct {
	Format  string `json:"format"`  // "gzip" or "zstd"
	Encoder string `json:"encoder"` // the program and its level
	Blob    bool   `json:"blob"`    // they are the blob, and not files in it
	Streams int    `json:"streams"`
	Size    int64  `json:"size"`      // bytes of the streams
	Raw     int64  `json:"raw_bytes"` // what is inside of them, with what is inside of other streams in it
}

// Difference is what would travel to a machine that has OLD and pulls, or pushes, NEW.
type Difference struct {
	Old       string      `json:"old"`
	New       string      `json:"new"`
	Chunks    int         `json:"chunks"`       // distinct chunks of NEW
	ChunksNew int         `json:"chunks_new"`   // those that OLD lacks
	RawBytes  int64       `json:"raw_bytes"`    // raw bytes of the new chunks
	Packed    int64       `json:"packed_bytes"` // the same compressed, or as deltas, and what these need besides
	BaseBytes int64       `json:"base_bytes"`   // of those: chunks that OLD lacks and that only deltas are coded against
	Layers    []DiffLayer `json:"layers"`       // largest first
}

// DiffLayer is one blob of NEW and what of it would travel.
type DiffLayer struct {
	Digest    digest.Digest `json:"digest"`
	MediaType string        `json:"media_type"`
	Size      int64         `json:"size"`
	RawBytes  int64         `json:"raw_bytes"`
	Packed    int64         `json:"packed_bytes"`
	Files     []DiffFile    `json:"files,omitempty"` // those with new bytes, largest first
}

// DiffFile is one file of a layer and what of it would travel.
type DiffFile struct {
	Name     string `json:"name"`
	Within   string `json:"within,omitempty"` // the file that it is inside of, compressed
	Size     int64  `json:"size"`
	RawBytes int64  `json:"raw_bytes"`
	Packed   int64  `json:"packed_bytes"` // its share of what it is compressed or coded with
}

// Verification is what verifying an image found to be whole.
type Verification struct {
	Reference string        `json:"reference"`
	Digest    digest.Digest `json:"digest"`
	Blobs     int           `json:"blobs"`
	Chunks    int           `json:"chunks"`
	Packs     int           `json:"packs"`
	RawBytes  int64         `json:"raw_bytes"`
	Seconds   float64       `json:"seconds"`
	// Since are the images that have what a file leaves out: only what is in the file was verified, and counted.
	Since []remote.Since `json:"since,omitempty"`
}
