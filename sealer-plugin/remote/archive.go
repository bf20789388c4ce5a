package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// openOCIArchive opens an OCI layout in a tar file.
func openOCIArchive(ctx context.Context, ref Reference, opts Options) (*layout, error) {
	l := newLayout(ref, nil, opts)
	archive, err := openTar(ctx, ref.Path)
	if err != nil {
		return nil, localError(l.name, "open", err)
	}
	l.files = archive
	if err := l.checkVersion(); err != nil {
		_ = archive.Close()
		return nil, err
	}
	return l, nil
}

// openDockerArchive opens what docker save wrote. Since Docker 25 that is an OCI layout too, which is taken as it is. Of an
// older one, each image becomes an OCI manifest of the config and the layers as they lie in the archive, so that the image
// ID stays what it was; a layer that is not compressed has its diffID as its digest.
func openDockerArchive(ctx context.Context, ref Reference, opts Options) (*layout, error) {
	l := newLayout(ref, nil, opts)
	archive, err := openTar(ctx, ref.Path)
	if err != nil {
		return nil, localError(l.name, "open", err)
	}
	l.files = archive
	if _, plain := archive.find(ocispec.ImageLayoutFile); plain == nil {
		err = l.checkVersion()
	} else {
		l.files, err = convertDocker(ctx, l, archive)
	}
	if err != nil {
		_ = archive.Close()
		return nil, localError(l.name, "open", err)
	}
	return l, nil
}

// dockerImage is an entry of manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// dockerFiles show an archive in Docker's own format as the files of an OCI layout.
type dockerFiles struct {
	*tarFiles
	made  map[string][]byte // what is not in the archive
	names map[string]string // of blobs, in the archive
}

func (d *dockerFiles) open(name string) (*file, error) {
	if data, ok := d.made[name]; ok {
		return &file{bytes.NewReader(data), io.NopCloser(nil), int64(len(data))}, nil
	}
	if original, ok := d.names[name]; ok {
		return d.tarFiles.open(original)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func convertDocker(ctx context.Context, l *layout, archive *tarFiles) (*dockerFiles, error) {
	list, err := l.readFile("manifest.json")
	if err != nil {
		return nil, fmt.Errorf("not an archive that docker save wrote: %w", err)
	}
	var images []dockerImage
	if err := json.Unmarshal(list, &images); err != nil {
		return nil, damaged("file %q cannot be read: %v", "manifest.json", err)
	}
	d := &dockerFiles{archive, make(map[string][]byte), make(map[string]string)}
	index := emptyIndex()
	for _, image := range images {
		desc, err := d.convert(ctx, l, image)
		if err != nil {
			return nil, err
		}
		if err := index.addImage(desc, image.RepoTags); err != nil {
			return nil, err
		}
	}
	d.made[ocispec.ImageIndexFile], err = index.encode()
	return d, err
}

// addImage lists an image under its names.
func (x *layoutIndex) addImage(desc ocispec.Descriptor, names []string) error {
	if len(names) == 0 {
		x.entries = append(x.entries, layoutEntry{desc: desc})
	}
	for _, name := range names {
		desc.Annotations = map[string]string{annotationImageName: name}
		x.entries = append(x.entries, layoutEntry{desc: desc})
	}
	for i := range x.entries {
		raw, err := json.Marshal(x.entries[i].desc)
		if err != nil {
			return err
		}
		x.entries[i].raw = raw
	}
	return nil
}

// convert makes the manifest of an image.
func (d *dockerFiles) convert(ctx context.Context, l *layout, image dockerImage) (ocispec.Descriptor, error) {
	data, err := l.readFile(image.Config)
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("config of image %v: %w", image.RepoTags, err)
	}
	var config ocispec.Image
	if err := json.Unmarshal(data, &config); err != nil {
		return ocispec.Descriptor{}, damaged("config %q cannot be read: %v", image.Config, err)
	}
	if len(config.RootFS.DiffIDs) != len(image.Layers) {
		return ocispec.Descriptor{}, damaged("config %q has %d layers, the archive %d", image.Config, len(config.RootFS.DiffIDs), len(image.Layers))
	}
	m := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    d.add(ocispec.MediaTypeImageConfig, data),
		Layers:    make([]ocispec.Descriptor, 0, len(image.Layers)),
	}
	for i, name := range image.Layers {
		layer, err := d.layer(ctx, l, name, config.RootFS.DiffIDs[i])
		if err != nil {
			return ocispec.Descriptor{}, fmt.Errorf("layer %q: %w", name, err)
		}
		m.Layers = append(m.Layers, layer)
	}
	manifest, err := json.Marshal(m)
	return d.add(ocispec.MediaTypeImageManifest, manifest), err
}

// add adds a blob that is not in the archive.
func (d *dockerFiles) add(mediaType string, data []byte) ocispec.Descriptor {
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	d.made[blobName(desc.Digest)] = data
	return desc
}

// layer describes a layer. That a plain one is its diffID is verified when it is read; a compressed one, which other tools put
// into such archives, is read now to know its digest.
func (d *dockerFiles) layer(ctx context.Context, l *layout, name string, diffID digest.Digest) (ocispec.Descriptor, error) {
	f, err := d.tarFiles.open(name)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: diffID, Size: f.size}
	head := make([]byte, 4)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return desc, err
	}
	switch compression(head[:n]) {
	case "gzip":
		desc.MediaType = ocispec.MediaTypeImageLayerGzip
	case "zstd":
		desc.MediaType = ocispec.MediaTypeImageLayerZstd
	}
	if desc.MediaType != ocispec.MediaTypeImageLayer {
		desc.Digest, err = digest.FromReader(&cancelReader{ctx, l.section(f, 0, f.size)})
	}
	if err == nil {
		err = checkDescriptor(desc)
	}
	if err == nil {
		d.names[blobName(desc.Digest)] = name
	}
	return desc, err
}
