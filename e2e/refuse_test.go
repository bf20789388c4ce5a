package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/bench/corpus"
)

// Exit codes, as the CLI documents them.
const (
	exitFailed       = 1
	exitUsage        = 2
	exitNotFound     = 3
	exitUnauthorized = 4
	exitDamaged      = 5
)

// refuse runs sealift, which must end with the exit code, and say what is wrong in these words.
func (m *machine) refuse(code int, words []string, args ...string) {
	m.t.Helper()
	ended := m.run(args...)
	if ended.code != code {
		m.t.Errorf("%v: exit code %d, want %d\n%s", args, ended.code, code, ended.stderr)
	}
	for _, word := range words {
		if !strings.Contains(ended.stderr, word) {
			m.t.Errorf("%v: it does not say %q:\n%s", args, word, ended.stderr)
		}
	}
}

// tampered is what people and disks do to a chunked image, and what pull has to say then.
var tampered = []struct {
	name  string
	do    func(*chunked)
	code  int
	words func(*chunked) []string
}{
	{"a bit flipped in a pack", func(c *chunked) { c.edit(typePack, flip) }, exitDamaged, nameOf(typePack)},
	{"a truncated pack", func(c *chunked) { c.edit(typePack, truncate) }, exitDamaged, nameOf(typePack)},
	{"a missing pack", func(c *chunked) { c.remove(typePack) }, exitNotFound, nameOf(typePack)},
	{"a bit flipped in a recipe", func(c *chunked) { c.edit(typeRecipe, flip) }, exitDamaged, nameOf(typeRecipe)},
	{"a truncated recipe", func(c *chunked) { c.edit(typeRecipe, truncate) }, exitDamaged, nameOf(typeRecipe)},
	{"a bit flipped in the index", func(c *chunked) { c.edit(typeIndex, flip) }, exitDamaged, nameOf(typeIndex)},
	{"another image document", func(c *chunked) { c.damage(c.manifest.Config, flip) }, exitDamaged, nothing},

	{"a pack with another frame", func(c *chunked) {
		pack := c.first(typePack)
		c.reindex(pack, flip(c.read(pack)))
	}, exitDamaged, nothing},
	{"a recipe with another chunk", func(c *chunked) {
		c.blocks(typeRecipe, kindChunks, flipLast)
	}, exitDamaged, nothing},
	{"a recipe that names an absent chunk", func(c *chunked) {
		c.blocks(typeRecipe, kindChunks, addChunk)
		c.blocks(typeRecipe, kindEnd, countOneMore)
	}, exitDamaged, nothing},
	{"an index with a frame beyond its pack", func(c *chunked) { c.index(frameGap, 1<<40) }, exitDamaged, nothing},
	{"an index with a frame of a pack beyond the last", func(c *chunked) { c.index(packStep, 7) }, exitDamaged, nothing},
	{"an index with a frame larger than allowed", func(c *chunked) { c.index(frameRaw, 1<<40) }, exitDamaged, nothing},
	{"an index with a chunk beyond its frame", func(c *chunked) { c.index(runOffset, 1<<40) }, exitDamaged, nothing},
	{"an index with a chunk in a frame beyond the last", func(c *chunked) { c.index(runFrame, 1<<40) }, exitDamaged, nothing},
	{"an index with more frames than bytes", func(c *chunked) { c.index(frameCount, 1<<60) }, exitDamaged, nothing},
	{"an index with more packs than the manifest", func(c *chunked) { c.index(packCount, 1<<60) }, exitDamaged, nothing},
	{"a stream without an end", func(c *chunked) {
		index := c.first(typeIndex)
		all := parse(c.t, c.read(index))
		c.replace(index, format(c.t, all[:len(all)-1]))
	}, exitDamaged, nothing},

	{"a manifest of a future version", func(c *chunked) {
		c.manifest.ArtifactType = strings.Replace(typeImage, ".v1", ".v2", 1)
	}, exitFailed, func(*chunked) []string { return []string{"newer"} }},
}

// TestRefuse pulls and verifies images that were tampered with: both refuse, there is no image then, and the store that
// met it still takes the good one.
func TestRefuse(t *testing.T) {
	source := layoutOf(t, small())
	for _, c := range tampered {
		t.Run(c.name, func(t *testing.T) {
			m, good, bad := newMachine(t), directory(t), directory(t)
			m.must("push", "oci:"+source+":v1", good.tag("v1"))
			m.must("push", "oci:"+source+":v1", bad.tag("v1"))
			image := load(t, bad, "v1")
			words := c.words(image)
			c.do(image)
			image.commit("v1")

			m.refuse(c.code, words, "verify", bad.tag("v1"))
			m.refuse(c.code, words, "pull", bad.tag("v1"), "oci:destination:v1")
			noImage(t, filepath.Join(m.home, "destination"))
			m.must("pull", good.tag("v1"), "oci:destination:v1")
			sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
		})
	}
}

// TestDamagedRemote damages a pack where the remote keeps it. What comes is refused; once it is mended, it is taken.
func TestDamagedRemote(t *testing.T) {
	source := layoutOf(t, small())
	everywhere(t, func(t *testing.T, p place) {
		m := newMachine(t)
		m.must("push", "oci:"+source+":v1", p.tag("v1"))
		for d := range sizes(chunkedForm(t, p, "v1"), typePack) {
			whole, err := os.ReadFile(p.file(d))
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range []func([]byte) []byte{flip, truncate} {
				rewrite(t, p.file(d), change(bytes.Clone(whole)))
				m.refuse(exitDamaged, []string{d.Encoded()}, "pull", p.tag("v1"), "oci:destination:v1")
				noImage(t, filepath.Join(m.home, "destination"))
			}
			rewrite(t, p.file(d), whole)
		}
		m.must("pull", p.tag("v1"), "oci:destination:v1")
		sameImage(t, source, filepath.Join(m.home, "destination"), "v1")
	})
}

func rewrite(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func nothing(*chunked) []string { return nil }

// nameOf expects the digest of the layer of a media type in the message.
func nameOf(mediaType string) func(*chunked) []string {
	return func(c *chunked) []string { return []string{c.first(mediaType).Digest.Encoded()} }
}

func flip(content []byte) []byte {
	content[len(content)/3] ^= 1
	return content
}

func flipLast(content []byte) []byte {
	content[len(content)-1] ^= 1
	return content
}

func truncate(content []byte) []byte { return content[:len(content)*2/3] }

func (c *chunked) read(desc *ocispec.Descriptor) []byte { return blob(c.t, c.dir, desc.Digest) }

// edit damages the first layer of a media type, in place: its digest is wrong then.
func (c *chunked) edit(mediaType string, change func([]byte) []byte) {
	c.t.Helper()
	c.damage(*c.first(mediaType), change)
}

func (c *chunked) damage(desc ocispec.Descriptor, change func([]byte) []byte) {
	c.t.Helper()
	rewrite(c.t, corpus.BlobPath(c.dir, desc.Digest), change(blob(c.t, c.dir, desc.Digest)))
}

func (c *chunked) remove(mediaType string) {
	c.t.Helper()
	if err := os.Remove(corpus.BlobPath(c.dir, c.first(mediaType).Digest)); err != nil {
		c.t.Fatal(err)
	}
}

// reindex puts other content in the place of a pack, under its right digest, also in the index.
func (c *chunked) reindex(pack *ocispec.Descriptor, content []byte) {
	c.t.Helper()
	old := pack.Digest
	c.replace(pack, content)
	c.blocks(typeIndex, kindIndex, func(raw []byte) []byte {
		return []byte(strings.ReplaceAll(string(raw), string(hash(c.t, old)), string(hash(c.t, pack.Digest))))
	})
}

// blocks changes the first block of a kind in the first layer of a media type; all digests are right then.
func (c *chunked) blocks(mediaType string, kind byte, change func(raw []byte) []byte) {
	c.t.Helper()
	layer := c.first(mediaType)
	all := parse(c.t, c.read(layer))
	for i := range all {
		if all[i].kind == kind {
			all[i].raw = change(all[i].raw)
			c.replace(layer, format(c.t, all))
			return
		}
	}
	c.t.Fatalf("no block of kind %d", kind)
}

// addChunk adds to the chunks of a recipe one that is nowhere.
func addChunk(raw []byte) []byte {
	count, n := binary.Uvarint(raw)
	lengths := raw[n : len(raw)-32*int(count)]
	ids := raw[len(raw)-32*int(count):]
	changed := binary.AppendUvarint(nil, count+1)
	changed = append(changed, lengths...)
	changed = binary.AppendUvarint(changed, 20_000)
	changed = append(changed, ids...)
	return append(changed, make([]byte, 32)...)
}

func countOneMore(raw []byte) []byte {
	count, n := binary.Uvarint(raw)
	return append(binary.AppendUvarint(nil, count+1), raw[n:]...)
}
