package transfer

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/recipe"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// deltas codes new chunks against those of bases, and gives packs of the deltas to the uploader. What that does not make much
// smaller it packs in frames. All is done in an order that depends on the chunks alone. Its methods are for one goroutine.
type deltas struct {
	pipeline
	origins  *origins
	rejected *packer // takes the chunks of deltas that do not pay
	besides  bool    // it takes those of all deltas

	file   fileAt
	trial  *trial  // of this file
	anchor anchor  // in this file, the last chunk that a base has
	last   fileAt  // that was met
	kin    kinship // of the tar that it is in

	filling   *window
	tokens    chan struct{} // one for each window that may exist
	queue     chan *window
	encoders  errgroup.Group
	sequencer sync.WaitGroup

	// The sequencer's, until done.
	held   []*window // copies of those of a trial that is not over
	open   *spool
	packs  []packSource
	frames []packedFrame
}

func newDeltas(line pipeline, o *origins) *deltas {
	d := &deltas{
		pipeline: line, origins: o, rejected: newPacker(line),
		tokens: make(chan struct{}, line.jobs+1), queue: make(chan *window, line.jobs+1),
	}
	d.encoders.SetLimit(d.jobs)
	d.sequencer.Go(d.sequence)
	return d
}

// add takes a chunk that begins at offset in the data of its blob, if there are bytes that it is probably like. The bytes are not
// kept.
func (d *deltas) add(c codec.Chunk, data []byte, offset int64, files []recipe.File) (taken bool, err error) {
	if len(files) == 0 {
		return false, nil
	}
	d.enter(files)
	near := d.near(offset, offset+int64(c.Size), files)
	if near == nil {
		return false, nil
	}
	if d.filling != nil && !d.filling.holds(c, near) {
		d.dispatch()
	}
	if d.filling == nil {
		if d.hopeless() {
			return false, nil
		}
		if err := d.begin(); err != nil {
			return false, err
		}
	}
	w := d.filling
	w.data = append(w.data, data...)
	w.chunks = append(w.chunks, c)
	w.near, w.base = w.with(near)
	return true, nil
}

// fileAt tells one file of a blob from the others.
type fileAt struct {
	within, name string
	offset       int64
}

// anchor is a place in the data of a blob, and where the same bytes are in a base.
type anchor struct {
	offset int64
	spot
}

// enter notes which files are at hand, above all the first one.
func (d *deltas) enter(files []recipe.File) {
	f := files[0]
	if at := (fileAt{f.Within, f.Name, f.Offset}); d.file != at {
		d.file, d.trial, d.anchor = at, new(trial), anchor{}
	}
	for _, f := range files {
		d.meet(f)
	}
}

// meet counts a file, once, for the tar that it is in.
func (d *deltas) meet(f recipe.File) {
	at := fileAt{f.Within, f.Name, f.Offset}
	if at == d.last {
		return
	}
	if d.kin == nil || at.within != d.last.within || at.offset < d.last.offset {
		d.kin = kinship{}
	}
	d.last = at
	d.kin.meet(d.origins, f)
}

// pass takes note of a chunk that is not to be coded, since it is known. What follows it in its file may follow it in a base.
func (d *deltas) pass(c codec.Chunk, offset int64, files []recipe.File) {
	if len(files) == 0 {
		return
	}
	d.enter(files)
	if s, found := d.origins.spots[c.ID]; found {
		d.anchor = anchor{offset, s}
	}
}

// near returns the chunks of a base that the bytes of files, from start to end in the data of their blob, are probably like.
func (d *deltas) near(start, end int64, files []recipe.File) []span {
	var near []span
	var packed, size int64
	for _, f := range files {
		s, found := d.place(f, max(start, f.Offset), min(end, f.Offset+f.Size))
		if !found {
			continue
		}
		if len(near) > 0 && near[0].of.image != s.of.image || size+s.size() > codec.MaxDeltaBase {
			break
		}
		if len(near) == 0 || near[len(near)-1] != s {
			near = append(near, s)
			packed, size = packed+s.packed(), size+s.size()
		}
	}
	if float64(packed) > incompressible*float64(size) {
		return nil
	}
	return near
}

// place returns the chunks of a base that the bytes of a file, from start to end in the data of the blob, are probably like: by the
// place of the file that it is the next version of, or by what came before in the file.
func (d *deltas) place(f recipe.File, start, end int64) (span, bool) {
	o, named := d.origins.of(f.Name, f.Size, d.kin)
	a := d.anchor
	switch anchored := a.of != nil && d.file.offset == f.Offset; {
	case anchored && (!named || o.has(a.spot) && !o.isLike(f.Size)):
		return spot{a.of, a.at + start - a.offset}.near(end - start), true
	case named:
		return o.near(start-f.Offset, end-f.Offset, f.Size), true
	}
	return span{}, false
}

func (d *deltas) begin() error {
	select {
	case d.tokens <- struct{}{}:
	case <-d.ctx.Done():
		return context.Cause(d.ctx)
	}
	w, err := d.codec.Acquire(d.ctx)
	if err != nil {
		<-d.tokens
		return err
	}
	data := w.Buffer()[codec.MaxDeltaBase:][:0]
	d.filling = &window{worker: w, data: data, ready: make(chan struct{})}
	if d.trial.size < trialSize {
		d.filling.trial = d.trial
		d.trial.windows = append(d.trial.windows, d.filling)
	}
	return nil
}

// dispatch has the window that was filled coded, and queues it for the sequencer.
func (d *deltas) dispatch() {
	w := d.filling
	d.filling = nil
	if w.trial != nil {
		w.trial.size += len(w.data)
	}
	d.encoders.Go(func() error {
		defer close(w.ready)
		w.delta, w.err = d.encode(w)
		if w.takes = w.frames; w.delta != nil {
			w.takes = float64(len(w.delta))
		}
		return nil
	})
	d.queue <- w // there is room for all
}

// encode returns the delta of a window, nil if it does not pay.
func (d *deltas) encode(w *window) ([]byte, error) {
	if err := context.Cause(d.ctx); err != nil {
		return nil, err
	}
	base, packed := w.chunksNear()
	w.frames = float64(len(w.data)) * float64(packed) / float64(w.base)
	image := w.near[0].of.image
	if err := image.read(d.ctx, base, w.worker.Buffer()[codec.MaxDeltaBase-w.base:codec.MaxDeltaBase]); err != nil {
		if d.ctx.Err() == nil {
			image.unreadable.Do(func() {
				image.opts.Log.Warn("a base cannot be read, so its chunks are no help", "image", image.image.Descriptor.Digest, "reason", err)
			})
		}
		return nil, context.Cause(d.ctx)
	}
	return w.worker.Delta(d.ctx, int(codec.MaxDeltaBase-w.base), int(w.base), len(w.data), d.level, int(tolerable*w.frames))
}

// sequence writes deltas in the order of the queue. After a failure it only empties the queue.
func (d *deltas) sequence() {
	for w := range d.queue {
		<-w.ready
		if d.ctx.Err() == nil {
			if err := d.judge(w); err != nil {
				d.cancel(err)
			}
		}
		w.worker.Release()
		<-d.tokens
	}
	if d.ctx.Err() == nil {
		if err := d.settle(); err != nil {
			d.cancel(err)
		}
	}
	switch {
	case d.open == nil:
	case d.ctx.Err() != nil:
		d.open.discard()
	default:
		if err := d.seal(); err != nil {
			d.cancel(err)
		}
	}
}

// write adds the delta of a window to the open pack or, if it has none, its chunks to frames.
func (d *deltas) write(w *window) error {
	if w.delta == nil || d.besides {
		if err := d.reject(w); w.delta == nil || err != nil {
			return err
		}
	}
	if d.open == nil {
		var err error
		if d.open, err = newSpool(); err != nil {
			return err
		}
	}
	base, _ := w.chunksNear()
	place := framePlace{len(d.packs), d.open.size}
	d.frames = append(d.frames, packedFrame{knownFrame{place, uint32(len(w.delta)), uint32(len(w.data)), base}, w.chunks})
	if _, err := d.open.Write(w.delta); err != nil {
		return err
	}
	if d.open.size < pack.Target {
		return nil
	}
	return d.seal()
}

func (d *deltas) reject(w *window) error {
	data := w.data
	for _, c := range w.chunks {
		if err := d.rejected.add(c, data[:c.Size]); err != nil {
			return err
		}
		data = data[c.Size:]
	}
	return nil
}

// seal ends a pack and uploads it in the background.
func (d *deltas) seal() error {
	file := d.open
	d.open = nil
	desc := file.descriptor(remote.MediaTypeDelta)
	d.packs = append(d.packs, packSource{desc: desc})
	return d.up.spooled(desc, file)
}

// finish codes what is left and waits for the deltas; uploads may still be under way. It must be called exactly once. What
// failed is the cause of the pipeline's end.
func (d *deltas) finish() {
	if d.filling != nil {
		d.dispatch()
	}
	close(d.queue)
	d.sequencer.Wait()
	_ = d.encoders.Wait() // their errors came by the windows
	d.rejected.finish()
	d.origins.fetching.end(context.Cause(d.ctx))
}
