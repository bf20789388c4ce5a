package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/sealer-plugin/codec"
)

// text is a content of which encoders make the same streams as ever.
func text(t *testing.T) sample {
	t.Helper()
	content := []byte(strings.Repeat("what is inside of a gzip file is what is stored of it\n", 2000))
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return sample{name: "text", file: file, digest: t.Name(), size: int64(len(content))}
}

func testCodec(t *testing.T) *codec.Codec {
	t.Helper()
	c, err := codec.New(t.Context(), codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestFiguresOfFiles(t *testing.T) {
	raw, err := os.ReadFile(text(t).file)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var frame bytes.Buffer
	z, err := zstd.NewWriter(&frame)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c := testCodec(t)
	content, err := measure(t.Context(), c, raw)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(b.Bytes())
	flipped[12] ^= 1 // in the first block of the stream
	for what, test := range map[string]struct {
		blob  []byte
		whole int
		kept  int64
	}{
		"by Go":   {b.Bytes(), 1, 0},
		"zstd":    {frame.Bytes(), 1, 0},
		"damaged": {flipped, 0, int64(len(flipped))},
		"no gzip": {raw, 0, int64(len(raw))},
	} {
		b := bench{codec: c, known: make(map[[sha256.Size]byte]measured)}
		m, err := b.once(t.Context(), test.blob)
		if err != nil {
			t.Fatal(err)
		}
		var f figures
		f.add(m, content, int64(len(test.blob)), int64(len(raw)))
		if f.files != 1 || f.same != 1 || f.whole != test.whole || f.kept != test.kept {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

func TestStreamsAreMadeOnce(t *testing.T) {
	s, dir := text(t), cache(filepath.Join(t.TempDir(), "cache"))
	c := command{text: `cat; echo "$1" >>"$0/made"`, version: "1", dir: t.TempDir()}
	for _, level := range []string{"6", "9", "6"} {
		made, err := dir.stream(t.Context(), c, level, s)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(made)) != s.size {
			t.Errorf("level %s: %d bytes, not the %d that cat makes", level, len(made), s.size)
		}
	}
	made, err := os.ReadFile(filepath.Join(c.dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != "6\n9\n" {
		t.Errorf("levels %q were made, not 6 and 9 once each", made)
	}
	if _, err := dir.stream(t.Context(), command{text: "false", dir: c.dir}, "6", s); err == nil {
		t.Error("a program that fails made a stream")
	}
}
