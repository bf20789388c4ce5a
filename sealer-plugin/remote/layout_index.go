package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// annotationImageName is where containerd and Docker put the whole name of an image, host and tag included.
const annotationImageName = "io.containerd.image.name"

// layoutIndex is the index.json of a layout. What other tools put into it stays as it is.
type layoutIndex struct {
	fields  map[string]json.RawMessage // all but "manifests"
	entries []layoutEntry
}

// layoutEntry is one of its manifests.
type layoutEntry struct {
	raw  json.RawMessage
	desc ocispec.Descriptor
}

func emptyIndex() *layoutIndex {
	return &layoutIndex{fields: map[string]json.RawMessage{
		"schemaVersion": json.RawMessage(`2`),
		"mediaType":     json.RawMessage(`"` + ocispec.MediaTypeImageIndex + `"`),
	}}
}

func decodeIndex(data []byte) (*layoutIndex, error) {
	index := &layoutIndex{}
	if err := json.Unmarshal(data, &index.fields); err != nil || index.fields == nil {
		return nil, damaged("file %q cannot be read", ocispec.ImageIndexFile)
	}
	var manifests []json.RawMessage
	if raw, ok := index.fields["manifests"]; ok {
		if err := json.Unmarshal(raw, &manifests); err != nil {
			return nil, damaged("file %q has no list of manifests", ocispec.ImageIndexFile)
		}
	}
	delete(index.fields, "manifests")
	for _, raw := range manifests {
		entry := layoutEntry{raw: raw}
		if err := json.Unmarshal(raw, &entry.desc); err != nil {
			return nil, damaged("file %q has a manifest that cannot be read", ocispec.ImageIndexFile)
		}
		if err := checkDescriptor(entry.desc); err != nil {
			return nil, fmt.Errorf("file %q: %w", ocispec.ImageIndexFile, err)
		}
		index.entries = append(index.entries, entry)
	}
	return index, nil
}

func (x *layoutIndex) encode() ([]byte, error) {
	manifests := make([]json.RawMessage, 0, len(x.entries))
	for _, entry := range x.entries {
		manifests = append(manifests, entry.raw)
	}
	raw, err := json.Marshal(manifests)
	if err != nil {
		return nil, err
	}
	x.fields["manifests"] = raw
	defer delete(x.fields, "manifests")
	return json.Marshal(x.fields)
}

// tag gives the tag to desc, and takes it away from what had it.
func (x *layoutIndex) tag(desc ocispec.Descriptor, tag string) error {
	annotations := map[string]string{ocispec.AnnotationRefName: tag}
	for key, value := range desc.Annotations {
		if key != ocispec.AnnotationRefName && key != annotationImageName {
			annotations[key] = value
		}
	}
	desc.Annotations = annotations
	desc.Data = nil
	raw, err := json.Marshal(desc)
	if err != nil {
		return err
	}
	x.entries = slices.DeleteFunc(x.entries, func(e layoutEntry) bool {
		return e.desc.Annotations[ocispec.AnnotationRefName] == tag
	})
	x.entries = append(x.entries, layoutEntry{raw, desc})
	return nil
}

// names are the names that the entry can be found by: its tag, and its whole name.
func (e layoutEntry) names() []string {
	names := []string{e.desc.Annotations[ocispec.AnnotationRefName], e.desc.Annotations[annotationImageName]}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

// find returns the manifests that the name means. An empty one means the only manifest, or the one tagged latest.
func (x *layoutIndex) find(name string) []ocispec.Descriptor {
	if name == "" {
		if all := x.matching(func(layoutEntry) bool { return true }); len(all) <= 1 {
			return all
		}
		name = defaultTag
	}
	found := x.matching(func(e layoutEntry) bool { return slices.Contains(e.names(), name) })
	if len(found) == 0 {
		full := fullName(name)
		found = x.matching(func(e layoutEntry) bool {
			return full != "" && slices.ContainsFunc(e.names(), func(s string) bool { return fullName(s) == full })
		})
	}
	return found
}

func (x *layoutIndex) matching(match func(layoutEntry) bool) []ocispec.Descriptor {
	var found []ocispec.Descriptor
	for _, e := range x.entries {
		same := func(d ocispec.Descriptor) bool { return d.Digest == e.desc.Digest }
		if match(e) && !slices.ContainsFunc(found, same) {
			found = append(found, e.desc)
		}
	}
	return found
}

// fullName is the name of an image with host, path and tag, as Docker completes it; "" if it has no tag or is none.
func fullName(name string) string {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil || !strings.Contains(name, ":") {
		return ""
	}
	return named.String()
}

// names are the names of all manifests.
func (x *layoutIndex) names() []string {
	var names []string
	for _, e := range x.entries {
		if own := e.names(); len(own) > 0 && !slices.Contains(names, own[0]) {
			names = append(names, own[0])
		}
	}
	sortTags(names)
	return names
}

// index reads index.json.
func (l *layout) index() (*layoutIndex, error) {
	data, err := l.readFile(ocispec.ImageIndexFile)
	if err != nil {
		return nil, err
	}
	return decodeIndex(data)
}

// Resolve looks a tag up in index.json, or a digest there and among the blobs.
func (l *layout) Resolve(_ context.Context, reference string) (ocispec.Descriptor, error) {
	desc, err := l.resolve(reference)
	if err != nil {
		return ocispec.Descriptor{}, localError(l.name, "resolve "+quoted(reference), err)
	}
	return ocispec.Descriptor{MediaType: desc.MediaType, Digest: desc.Digest, Size: desc.Size}, nil
}

func quoted(reference string) string {
	if reference == "" {
		return "its image"
	}
	return reference
}

func (l *layout) resolve(reference string) (ocispec.Descriptor, error) {
	index, err := l.index()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ocispec.Descriptor{}, err
	}
	if err != nil {
		index = emptyIndex()
	}
	if d, err := digest.Parse(reference); err == nil {
		return l.resolveDigest(index, d)
	}
	found := index.find(reference)
	switch {
	case len(found) == 1 && found[0].MediaType == "":
		return l.sniff(found[0].Digest)
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && (reference != "" || len(index.entries) == 0):
		return ocispec.Descriptor{}, fmt.Errorf("%w%s", ErrNotFound, choice(index.names()))
	}
	return ocispec.Descriptor{}, fmt.Errorf("%w: several images are meant%s", ErrReference, choice(index.names()))
}

// choice lists the names that there are.
func choice(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		return fmt.Sprintf("; there are %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "; there is " + strings.Join(names, ", ")
}

func (l *layout) resolveDigest(index *layoutIndex, d digest.Digest) (ocispec.Descriptor, error) {
	for _, e := range index.entries {
		if e.desc.Digest == d && e.desc.MediaType != "" {
			return e.desc, nil
		}
	}
	return l.sniff(d)
}

// sniff makes a descriptor of a manifest that index.json does not list: one of the manifests of an index, for example.
func (l *layout) sniff(d digest.Digest) (ocispec.Descriptor, error) {
	data, err := l.readFile(blobName(d))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound
	}
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	mediaType := sniffManifest(data)
	if mediaType == "" {
		return ocispec.Descriptor{}, fmt.Errorf("manifest %w: this blob is something else", ErrNotFound)
	}
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}, nil
}

// Tags returns the tags of index.json.
func (l *layout) Tags(context.Context) ([]string, error) {
	index, err := l.index()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, localError(l.name, "list tags", err)
	}
	return index.names(), nil
}
