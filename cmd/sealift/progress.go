package main

import (
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// display is a progress that ends: after close nothing more is shown, and the screen is as it was before.
type display interface {
	sealift.Progress
	close()
}

// progress starts the display that the flags ask for and puts it into the options.
func (c *cli) progress(o *sealift.Options) display {
	var d display
	switch {
	case c.flags.quiet || c.flags.progress == progressNone:
		d = hush{}
	case c.flags.progress == progressAuto && c.flags.logFormat == formatText && c.screen.live():
		d = newBars(c.screen)
	default:
		d = &steps{log: c.log}
	}
	o.Progress = d
	return d
}

// hush shows nothing.
type hush struct{ transfer.Hush }

func (hush) close() {}
