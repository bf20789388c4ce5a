package transfer

import (
	"slices"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// window is a run of new chunks on its way to a delta. The chunks lie in the buffer of its worker, at codec.MaxDeltaBase.
type window struct {
	trial  *trial // that it is part of, if any
	worker *codec.Worker
	data   []byte // of the chunks
	chunks []codec.Chunk

	near  []span // chunks of the bases that these are probably like
	base  int64  // length of these
	delta []byte // nil if it does not pay
	err   error
	ready chan struct{} // closed when delta, or err, is there, and what follows

	frames, takes float64 // what the chunks would take in frames, and what they take
}

// holds says whether a chunk that is near others has room in the window.
func (w *window) holds(c codec.Chunk, near []span) bool {
	_, base := w.with(near)
	return len(w.data)+int(c.Size) <= codec.MaxDelta && base <= codec.MaxDeltaBase && w.near[0].of.image == near[0].of.image
}

// with returns what the window is coded against when it has to be near more chunks, and the length of these.
func (w *window) with(more []span) (near []span, base int64) {
	near, base = slices.Clone(w.near), w.base
	for _, s := range more {
		if slices.ContainsFunc(near, s.within) {
			continue
		}
		base += s.size()
		if last := len(near) - 1; last >= 0 && s.joins(near[last]) {
			base -= near[last].size() + s.size()
			near[last] = s.join(near[last])
			base += near[last].size()
			continue
		}
		near = append(near, s)
	}
	return near, base
}

// chunksNear returns the chunks of the base, and what they take in their frames.
func (w *window) chunksNear() (base []codec.Chunk, packed int64) {
	for _, s := range w.near {
		base = append(base, s.chunks()...)
		packed += s.packed()
	}
	return base, packed
}
