package transfer

import (
	"fmt"
	"log/slog"
	"runtime"

	"github.com/sealift/sealift/sealer-plugin/codec"
	"github.com/sealift/sealift/sealer-plugin/store"
	"github.com/sealift/sealift/sealer-plugin/unpacked"
)

// Layers says what a push does with compressed layers.
type Layers string

// What a push does with compressed layers.
const (
	Keep   Layers = "keep"   // gives them back as they are: every digest stays
	Unpack Layers = "unpack" // stores them uncompressed: same image ID, another manifest digest
)

// Options of a push or a pull. The zero value works.
type Options struct {
	Jobs      int              // how many goroutines work on bytes at once; 0 is the number of CPUs
	Level     int              // zstd level of a push; 0 is codec.DefaultLevel
	Layers    Layers           // of a push; "" is Keep
	Prepared  *Base            // of a push: the same image, in chunked form already, wherever it lies; nil if there is none
	Platform  string           // of a pull: only this image of an index; "" takes all
	Unpacked  *unpacked.Layers // chunks in them are not fetched; nil is no layers
	NoRebuild bool             // of a push: gzip files are stored as they are, not as what is inside of them
	Full      bool             // of a push: what is in deltas is in frames besides
	NoDelta   bool             // of a pull: deltas are used only for what is in no frames
	// OpenStore opens the store for what a push makes deltas against; nil makes none. It is called once at most, and whoever gave
	// it closes the store.
	OpenStore func() (*store.Store, error)
	Progress  Progress     // nil shows nothing
	Log       *slog.Logger // hints and warnings; nil drops them
}

func (o Options) withDefaults() Options {
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Level == 0 {
		o.Level = codec.DefaultLevel
	}
	if o.Layers == "" {
		o.Layers = Keep
	}
	if o.Progress == nil {
		o.Progress = Hush{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// check refuses what no push can do, before it begins.
func (o Options) check() error {
	if o.Layers != Keep && o.Layers != Unpack {
		return fmt.Errorf("layers %q: want %q or %q", o.Layers, Keep, Unpack)
	}
	if o.Level < codec.MinLevel || o.Level > codec.MaxLevel {
		return fmt.Errorf("level %d: want %d to %d", o.Level, codec.MinLevel, codec.MaxLevel)
	}
	return nil
}
