package transfer

import "slices"

// trialSize is how many new bytes of a file are coded before it is known whether deltas pay there. If they do not, all of the
// file is packed in frames, and what the rest would be coded against is not fetched: later versions find a whole file of one
// version, not a mixture of two, of which whoever has nothing fetches both.
const trialSize = 16 << 20

// Deltas are used that take at most these parts of what their bytes would take in frames: as whoever has nothing fetches
// what they are coded against as well.
const (
	worthwhile = .55 // all of the trial of a file
	tolerable  = .8  // one of a file where they are worthwhile
)

// trial is the windows that begin in the first new bytes of a file. They are judged together.
type trial struct {
	windows []*window
	size    int // of the data of those that were dispatched
}

// hopeless says whether the trial of the file at hand is over, and its windows do not pay.
func (d *deltas) hopeless() bool {
	if d.trial.size < trialSize {
		return false
	}
	for _, w := range d.trial.windows {
		<-w.ready
	}
	return !pay(d.trial.windows)
}

// pay says whether windows that are ready take little enough together.
func pay(windows []*window) bool {
	var frames, takes float64
	for _, w := range windows {
		frames += w.frames
		takes += w.takes
	}
	return takes <= worthwhile*frames
}

// judge writes a window, or holds a copy of it while the trial of its file is not over.
func (d *deltas) judge(w *window) error {
	if w.err != nil {
		return w.err
	}
	if len(d.held) > 0 && d.held[0].trial != w.trial {
		if err := d.settle(); err != nil {
			return err
		}
	}
	if w.trial == nil {
		return d.write(w)
	}
	w.data, w.delta = slices.Clone(w.data), slices.Clone(w.delta)
	d.held = append(d.held, w)
	return nil
}

// settle writes the windows of a trial that is over. None of them has a delta if they do not pay together.
func (d *deltas) settle() error {
	held := d.held
	d.held = nil
	paid := pay(held)
	for _, w := range held {
		if !paid {
			w.delta = nil
		}
		if err := d.write(w); err != nil {
			return err
		}
		w.data, w.delta = nil, nil
	}
	return nil
}
