package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/sealift/sealift/bench/corpus"
	"github.com/sealift/sealift/sealer-plugin/codec"
)

// sampled is the software that the data is taken from, as a description for tables says it.
const sampled = "half from the tar of a program in Go (%s), half from that of a library in Python and C (%s), in " +
	"pieces of 1 MiB from all over them"

// sample returns mib MiB of real software and says what they are.
func sample(ctx context.Context, mib int) ([]byte, string, error) {
	releases := []corpus.Release{corpus.Traefik[1], corpus.Pandas[1]}
	var data []byte
	for _, release := range releases {
		layer, err := release.Layer(ctx, "opt", time.Unix(0, 0).UTC())
		if err != nil {
			return nil, "", err
		}
		var tar bytes.Buffer
		if err := layer.Write(&tar); err != nil {
			return nil, "", err
		}
		pieces := mib / len(releases)
		if tar.Len() < pieces*codec.FrameTarget {
			return nil, "", fmt.Errorf("%s has no %d MiB", release.File, pieces)
		}
		for i := range pieces {
			at := (tar.Len() - codec.FrameTarget) / pieces * i
			data = append(data, tar.Bytes()[at:at+codec.FrameTarget]...)
		}
	}
	return data, fmt.Sprintf(sampled, releases[0], releases[1]), nil
}
