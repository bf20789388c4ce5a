package transfer

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// pipeline is what the parts of a push that make packs have in common.
type pipeline struct {
	codec *codec.Codec
	level int
	jobs  int
	up    *uploader

	ctx    context.Context // done when a part of the pipeline failed
	cancel context.CancelCauseFunc
}

// packer puts chunks into frames, compresses them side by side, and gives the packs to the uploader, in an order
// that depends on the chunks alone. Its methods are for one goroutine.
type packer struct {
	pipeline

	filling     *frame
	queue       chan *frame
	compressors errgroup.Group
	sequencer   sync.WaitGroup

	// The sequencer's, until done.
	packs  []packSource
	frames []packedFrame
}

// frame is a batch of new chunks on its way: gathered in the input buffer of its worker, compressed there.
type frame struct {
	worker *codec.Worker
	raw    int
	chunks []codec.Chunk
	packed []byte
	err    error
	ready  chan struct{} // closed when packed, or err, is there
}

func newPacker(line pipeline) *packer {
	p := &packer{pipeline: line, queue: make(chan *frame, line.jobs)}
	p.compressors.SetLimit(p.jobs)
	p.sequencer.Go(p.sequence)
	return p
}

// add takes the next chunk; the bytes are not kept.
func (p *packer) add(c codec.Chunk, data []byte) error {
	if p.filling == nil {
		w, err := p.codec.Acquire(p.ctx)
		if err != nil {
			return err
		}
		p.filling = &frame{worker: w, ready: make(chan struct{})}
	}
	f := p.filling
	f.raw += copy(f.worker.Buffer()[f.raw:], data)
	f.chunks = append(f.chunks, c)
	if f.raw >= codec.FrameTarget {
		return p.dispatch()
	}
	return nil
}

// dispatch sends the frame being filled to a compressor, and queues it for the sequencer; it waits for room in both.
func (p *packer) dispatch() error {
	f := p.filling
	p.filling = nil
	select {
	case p.queue <- f:
	case <-p.ctx.Done():
		f.worker.Release()
		return context.Cause(p.ctx)
	}
	p.compressors.Go(func() error {
		defer close(f.ready)
		f.packed, f.err = f.worker.Compress(p.ctx, f.raw, p.level)
		return nil
	})
	return nil
}

// sequence writes frames into packs in the order of the queue, and hands over each pack that is full. After a failure it
// only empties the queue.
func (p *packer) sequence() {
	var open *packFile
	for f := range p.queue {
		<-f.ready
		if p.ctx.Err() == nil {
			if err := p.write(&open, f); err != nil {
				p.cancel(err)
			}
		}
		f.worker.Release()
	}
	switch {
	case open == nil:
	case p.ctx.Err() != nil:
		open.spool.discard()
	default:
		if err := p.seal(open); err != nil {
			p.cancel(err)
		}
	}
}

// write adds a frame to the open pack, and seals a full one.
func (p *packer) write(open **packFile, f *frame) error {
	if f.err != nil {
		return f.err
	}
	if *open == nil {
		var err error
		if *open, err = newPackFile(); err != nil {
			return err
		}
	}
	file := *open
	place := framePlace{len(p.packs), file.spool.size}
	p.frames = append(p.frames, packedFrame{knownFrame{place, uint32(len(f.packed)), uint32(f.raw), nil}, f.chunks})
	if err := file.AddFrame(f.packed, f.chunks); err != nil {
		return err
	}
	if file.Size() < pack.Target {
		return nil
	}
	*open = nil
	return p.seal(file)
}

// seal ends a pack and uploads it in the background.
func (p *packer) seal(file *packFile) error {
	if err := file.Close(); err != nil {
		file.spool.discard()
		return err
	}
	desc := file.spool.descriptor(remote.MediaTypePack)
	p.packs = append(p.packs, packSource{desc: desc})
	return p.up.spooled(desc, file.spool)
}

// finish packs what is left and waits for the frames; uploads may still be under way. It must be called exactly once. What
// failed is the cause of the pipeline's end.
func (p *packer) finish() {
	if p.filling != nil {
		if err := p.dispatch(); err != nil {
			p.cancel(err)
		}
	}
	close(p.queue)
	p.sequencer.Wait()
	_ = p.compressors.Wait() // their errors came by the frames
}

// packFile is a pack that is being written to a spool.
type packFile struct {
	*pack.Writer
	spool *spool
}

func newPackFile() (*packFile, error) {
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	return &packFile{pack.NewWriter(s), s}, nil
}
