package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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

// cost tells the bytes only. They are all that the push of the new image sends: manifest and index, too.
func (p push) cost(ctx context.Context, u *update) (c cost, err error) {
	scratch, err := os.MkdirTemp("", "sealift-push-*")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	source, remote, pulled := "oci:"+u.layout, "oci:"+filepath.Join(scratch, "remote"), filepath.Join(scratch, "pulled")
	first := sealift.Options{Store: filepath.Join(scratch, "store")}
	if _, err := sealift.Push(ctx, source+":"+oldTag, remote+":"+oldTag, first); err != nil {
		return c, err
	}
	next := p.options
	next.Store = filepath.Join(scratch, "pushing")
	result, err := sealift.Push(ctx, source+":"+newTag, remote+":"+newTag, next)
	if err != nil {
		return c, err
	}
	for _, tag := range []string{oldTag, newTag} {
		if _, err := sealift.Pull(ctx, remote+":"+tag, "oci:"+pulled+":"+tag, first); err != nil {
			return c, err
		}
	}
	if err := corpus.CheckImage(pulled, newTag, u.new.root); err != nil {
		return c, fmt.Errorf("what was pulled is not what was pushed: %w", err)
	}
	return cost{Bytes: result.SentBytes}, nil
}
