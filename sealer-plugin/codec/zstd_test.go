package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

var zstdEncoding = codec.Encoding{Encoder: codec.Zstd120, Level: 3}

func TestZstdLikeKlauspost(t *testing.T) {
	c := sharedCodec(t)
	inputs := toDeflate()
	delete(inputs, "nothing") // of which the program makes a frame, or none
	inputs["long"] = bytes.Repeat(append(text(5_000_000), noise(200_000)...), 3)
	for name, raw := range inputs {
		var want bytes.Buffer
		w, err := zstd.NewWriter(&want)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(raw)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		const checksum = 4
		if got := deflate(t, c, zstdEncoding, raw, codec.MaxPiece); !bytes.Equal(got, want.Bytes()[:want.Len()-checksum]) {
			t.Errorf("%s: %d bytes that are not the %d of the program", name, len(got), want.Len()-checksum)
		}
	}
}

// TestFramesHoldTheirWorkers has frames written at once, between other streams, and left before their ends.
func TestFramesHoldTheirWorkers(t *testing.T) {
	c := sharedCodec(t)
	const piece = 100_000
	one, two := text(4*piece), noise(4*piece)
	d1, d2, left := newDeflater(t, c, zstdEncoding), newDeflater(t, c, zstdEncoding), newDeflater(t, c, zstdEncoding)
	write(t, left, one, false)
	var got1, got2 []byte
	for at := 0; at < len(one); at += piece {
		last := at+piece == len(one)
		got1 = append(got1, write(t, d1, one[at:at+piece], last)...)
		deflate(t, c, codec.Encoding{Encoder: codec.Zlib, Level: 1}, two, piece)
		got2 = append(got2, write(t, d2, two[at:at+piece], last)...)
		left.Close()
	}
	if !bytes.Equal(got1, deflate(t, c, zstdEncoding, one, len(one))) || !bytes.Equal(got2, deflate(t, c, zstdEncoding, two, len(two))) {
		t.Error("frames that are written at once disturb each other")
	}
	for _, d := range []*codec.Deflater{d1, left} {
		d.Close()
		if made, err := d.Write(t.Context(), one, true); err == nil {
			t.Errorf("a frame that is over went on with %d bytes", len(made))
		}
	}
}
