package sealift

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sealift/sealift/sealer-plugin/remote"
	"github.com/sealift/sealift/sealer-plugin/transfer"
)

// Save writes images into file, an OCI layout in a tar, in chunked form, under the tags of refs, which must differ. What
// the images Options.Since have, which must be in chunked form where they are, is left out. A plain image is brought into
// chunked form; each image builds on those before it. Until it is complete the file is named file.partial; the same save
// after an interruption goes on where that one ended.
func Save(ctx context.Context, refs []string, file string, o Options) (*FileResult, error) {
	result, err := measured(o, func(s *session) (*FileResult, error) { return s.save(ctx, refs, file) })
	return result, during("save", file, err)
}

// Load writes all images of a file that Save wrote to dst, a repository of a registry or an OCI layout, in chunked form
// and under the tags that they have in the file; an empty dst fills the local store only. A *LackingError says which
// images are not there that the file was saved since; then nothing has been changed. The same load after an interruption
// goes on where that one ended.
func Load(ctx context.Context, file, dst string, o Options) (*FileResult, error) {
	result, err := measured(o, func(s *session) (*FileResult, error) { return s.load(ctx, file, dst) })
	return result, during("load", file, err)
}

// savedImage is an image to save.
type savedImage struct {
	source remote.Source
	root   ocispec.Descriptor
	tag    string
}

func (s *session) save(ctx context.Context, refs []string, file string) (*FileResult, error) {
	if len(refs) == 0 {
		return nil, fmt.Errorf("%w: no image to save", ErrReference)
	}
	images, err := s.imagesToSave(ctx, refs)
	if err != nil {
		return nil, err
	}
	saver, err := s.saver(ctx)
	if err != nil {
		return nil, err
	}
	at := fileReference(file)
	if left, err := sizeOf(file + ".partial"); err == nil && left > 0 {
		s.log.Info("what an interrupted save left is verified, and used", "file", file+".partial", "bytes", left)
	}
	archive, err := remote.OpenArchive(ctx, at, s.near(at))
	if err != nil {
		return nil, err
	}
	s.closes(archive)
	result := &FileResult{File: file}
	for i, img := range images {
		at.Tag = img.tag
		saved, err := saver.Save(ctx, img.source, img.root, archive, at)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", refs[i], err)
		}
		result.Images = append(result.Images, saved)
	}
	if err := archive.Complete(); err != nil {
		return nil, err
	}
	result.FileBytes, err = sizeOf(file)
	return result, err
}

func sizeOf(file string) (int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func fileReference(file string) remote.Reference {
	return remote.Reference{Transport: remote.TransportOCIArchive, Path: file}
}

// imagesToSave opens the images refs.
func (s *session) imagesToSave(ctx context.Context, refs []string) ([]savedImage, error) {
	var images []savedImage
	tagged := make(map[string]string)
	for _, ref := range refs {
		parsed, err := remote.ParseReference(ref)
		if err != nil {
			return nil, err
		}
		var img savedImage
		if img.source, img.root, err = s.resolveWith(ctx, parsed, s.near(parsed)); err != nil {
			return nil, err
		}
		if img.tag, err = tagOf(ctx, parsed, img.source); err != nil {
			return nil, err
		}
		if other, twice := tagged[img.tag]; twice {
			return nil, fmt.Errorf("%w: %s and %s have the same tag, %s: save them into two files", ErrReference, other, ref, img.tag)
		}
		tagged[img.tag] = ref
		images = append(images, img)
	}
	return images, nil
}

// tagOf returns the tag that an image is saved under: of a whole name, as layouts have them, what is behind the colon.
func tagOf(ctx context.Context, ref remote.Reference, src remote.Source) (string, error) {
	name := ref.Tag
	switch {
	case name != "":
	case ref.Digest != "":
		return "", fmt.Errorf("%w: %s has no tag, which the image would have in the file", ErrReference, ref)
	case ref.Transport != remote.TransportRegistry:
		tags, err := src.Tags(ctx)
		if err != nil {
			return "", err
		}
		if len(tags) == 1 {
			name = tags[0]
		}
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = name[strings.LastIndexByte(name, ':')+1:]
	return cmp.Or(name, "latest"), nil
}

// saver opens the images that wherever the file goes are.
func (s *session) saver(ctx context.Context) (*transfer.Saver, error) {
	var since []transfer.Base
	for _, ref := range s.Since {
		parsed, err := remote.ParseReference(ref)
		if err != nil {
			return nil, err
		}
		source, err := remote.OpenSource(ctx, parsed, s.near(parsed))
		if err != nil {
			return nil, fmt.Errorf("since %s: %w", ref, err)
		}
		s.closes(source)
		since = append(since, transfer.Base{Source: source, Reference: parsed})
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	opts := s.transferOptions()
	if !s.NoDelta {
		opts.OpenStore = sync.OnceValues(s.openStoreOrNew)
	}
	return transfer.NewSaver(ctx, s.codec, since, opts)
}

func (s *session) load(ctx context.Context, file, dst string) (*FileResult, error) {
	at := fileReference(file)
	source, err := remote.OpenSource(ctx, at, s.near(at))
	if err != nil {
		return nil, err
	}
	s.closes(source)
	result := &FileResult{File: file}
	if dst == "" {
		result.Images, err = s.loadStore(ctx, source)
	} else {
		result.Images, err = s.loadTo(ctx, source, dst)
	}
	if err != nil {
		return nil, err
	}
	result.FileBytes, err = sizeOf(file)
	return result, err
}

func (s *session) loadStore(ctx context.Context, source remote.Source) ([]FileImage, error) {
	chunks, err := s.openStore()
	if err != nil {
		return nil, err
	}
	if err := s.openCodec(ctx); err != nil {
		return nil, err
	}
	return transfer.LoadStore(ctx, s.codec, chunks, source, s.transferOptions())
}

func (s *session) loadTo(ctx context.Context, source remote.Source, dst string) ([]FileImage, error) {
	to, err := remote.ParseReference(dst)
	if err != nil {
		return nil, err
	}
	if to.Name() != "" {
		return nil, fmt.Errorf("%w: %s: the images keep the tags of the file; leave out the one here", ErrReference, to)
	}
	if to.Transport != remote.TransportRegistry && to.Transport != remote.TransportOCI {
		return nil, fmt.Errorf("%w: %s: want HOST/REPOSITORY or oci:DIR", ErrReference, to)
	}
	target, err := remote.OpenTarget(ctx, to, s.Remote)
	if err != nil {
		return nil, err
	}
	s.closes(target)
	return transfer.Load(ctx, source, transfer.Destination{Target: target, Reference: to}, s.transferOptions())
}
