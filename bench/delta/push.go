package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sealift/sealift/bench/corpus"
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// push is Sealift's own way: the new image is pushed to where the old one is, and is pulled from there by one who has the
// old one.
type push struct {
	title   string
	options sealift.Options
}

var pushes = []push{
	{"chunks -3", sealift.Options{Level: codec.DefaultLevel, NoDelta: true}},
	{"Sealift -3", sealift.Options{Level: codec.DefaultLevel}},
	{"Sealift -19", sealift.Options{Level: codec.MaxLevel}},
}

func (p push) name() string { return p.title }

// cost tells the bytes that the push of the new image sends: manifest and index, too. Its usage is that of the routines
// for deltas.
func (p push) cost(ctx context.Context, u *update) (c cost, err error) {
	if !p.options.NoDelta {
		if c, err = (routines{p.options.Level}).cost(ctx, u); err != nil {
			return c, err
		}
	}
	var all []took
	for range rounds {
		bytes, seconds, err := p.transfer(ctx, u)
		if err != nil {
			return c, err
		}
		c.Bytes = bytes
		all = append(all, seconds)
	}
	c.Took = took{
		First:  medianOf(all, func(t took) float64 { return t.First }),
		Push:   medianOf(all, func(t took) float64 { return t.Push }),
		Update: medianOf(all, func(t took) float64 { return t.Update }),
	}
	return c, nil
}

func medianOf(all []took, part func(took) float64) float64 {
	var values []float64
	for _, t := range all {
		values = append(values, part(t))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// transfer pushes both images and pulls both. It returns the bytes that the second push sends.
func (p push) transfer(ctx context.Context, u *update) (sent int64, t took, err error) {
	scratch, err := os.MkdirTemp("", "sealift-push-*")
	if err != nil {
		return 0, t, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	source, remote, pulled := "oci:"+u.layout, "oci:"+filepath.Join(scratch, "remote"), filepath.Join(scratch, "pulled")
	pushing, pulling := p.options, sealift.Options{Store: filepath.Join(scratch, "pulling")}
	pushing.Store = filepath.Join(scratch, "pushing")
	first, err := sealift.Push(ctx, source+":"+oldTag, remote+":"+oldTag, sealift.Options{Store: pushing.Store})
	if err != nil {
		return 0, t, err
	}
	second, err := sealift.Push(ctx, source+":"+newTag, remote+":"+newTag, pushing)
	if err != nil {
		return 0, t, err
	}
	if _, err := sealift.Pull(ctx, remote+":"+oldTag, "oci:"+pulled+":"+oldTag, pulling); err != nil {
		return 0, t, err
	}
	update, err := sealift.Pull(ctx, remote+":"+newTag, "oci:"+pulled+":"+newTag, pulling)
	if err != nil {
		return 0, t, err
	}
	if err := corpus.CheckImage(pulled, newTag, u.new.root); err != nil {
		return 0, t, fmt.Errorf("what was pulled is not what was pushed: %w", err)
	}
	return second.SentBytes, took{first.Seconds, second.Seconds, update.Seconds}, nil
}
