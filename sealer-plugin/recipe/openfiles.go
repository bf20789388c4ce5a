package recipe

import "slices"

// maxOpenFiles bounds the files that are remembered until their chunks are cut.
const maxOpenFiles = 4096

// openFiles are files whose contents were, at least in part, not yet cut into chunks.
type openFiles struct {
	files []File
	cut   int64 // bytes of data in chunks so far
}

func (o *openFiles) add(f File) {
	if f.Size > 0 && len(o.files) < maxOpenFiles {
		o.files = append(o.files, f)
	}
}

// next returns the files that the next chunk, of size bytes, has bytes of. The result is valid until the next call.
func (o *openFiles) next(size int64) []File {
	o.files = slices.DeleteFunc(o.files, func(f File) bool { return f.Offset+f.Size <= o.cut })
	o.cut += size
	for i, f := range o.files {
		if f.Offset >= o.cut {
			return o.files[:i]
		}
	}
	return o.files
}
