package transfer

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/pack"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// packer puts new chunks into frames, compresses them side by side, and gives the packs to the uploader, in an order
// that depends on the chunks alone. Its methods are for one goroutine.
type packer struct {
	codec *codec.Codec
	level int
	up    *uploader
	known *catalog

	ctx    context.Context // done when a part of the pipeline failed
	cancel context.CancelCauseFunc

	filling     *frame
	sent        int // frames given to the queue
	queue       chan *frame
	compressors errgroup.Group
	sequencer   sync.WaitGroup

	chunks int   // new chunks so far
	raw    int64 // their bytes

	// The sequencer's, until done.
	packs  []packSource
	frames []pack.Place
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

func newPacker(ctx context.Context, c *codec.Codec, level, jobs int, up *uploader, known *catalog) *packer {
	p := &packer{codec: c, level: level, up: up, known: known, queue: make(chan *frame, jobs)}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.compressors.SetLimit(jobs)
	p.sequencer.Go(p.sequence)
	return p
}

// add takes the next chunk of the image; the bytes are not kept. Chunks that are known cost nothing.
func (p *packer) add(c codec.Chunk, data []byte) error {
	if has(p.known.chunks, c.ID) {
		return nil
	}
	if p.filling == nil {
		w, err := p.codec.Acquire(p.ctx)
		if err != nil {
			return err
		}
		p.filling = &frame{worker: w, ready: make(chan struct{})}
	}
	f := p.filling
	// New frames are counted behind those of the bases; finish appends them there.
	p.known.chunks[c.ID] = pack.Location{Frame: len(p.known.frames) + p.sent, Offset: uint32(f.raw)}
	f.raw += copy(f.worker.Buffer()[f.raw:], data)
	f.chunks = append(f.chunks, c)
	p.chunks++
	p.raw += int64(len(data))
	if f.raw >= codec.FrameTarget {
		return p.dispatch()
	}
	return nil
}

// dispatch sends the frame being filled to a compressor, and queues it for the sequencer; it waits for room in both.
func (p *packer) dispatch() error {
	f := p.filling
	p.filling = nil
	p.sent++
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
	p.frames = append(p.frames, pack.Place{
		Pack: len(p.packs), Offset: file.spool.size, Size: uint32(len(f.packed)), Raw: uint32(f.raw),
	})
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

// finish packs what is left, waits for the frames and adds them to the catalog; uploads may still be under way. It must be
// called exactly once. After a failure it returns the first error.
func (p *packer) finish() error {
	if p.filling != nil {
		if err := p.dispatch(); err != nil {
			p.cancel(err)
		}
	}
	close(p.queue)
	p.sequencer.Wait()
	_ = p.compressors.Wait() // their errors came by the frames
	defer p.cancel(nil)
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	first := len(p.known.packs)
	p.known.packs = append(p.known.packs, p.packs...)
	for _, f := range p.frames {
		f.Pack += first
		p.known.frames = append(p.known.frames, f)
	}
	return nil
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
