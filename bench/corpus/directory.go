package corpus

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Directory returns the regular files and directories below root as a layer, at prefix, all of them with mtime built.
func Directory(root, prefix string, built time.Time) Layer {
	tree := os.DirFS(root)
	return Layer{Write: Tar(func(archive *tar.Writer) error {
		return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() && !entry.Type().IsRegular() {
				return err
			}
			return addEntry(archive, tree, name, path.Join(prefix, name), built)
		})
	})}
}

func addEntry(archive *tar.Writer, tree fs.FS, name, as string, built time.Time) error {
	file, err := tree.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: as, Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), ModTime: built}
	if info.IsDir() {
		header.Name, header.Typeflag = as+"/", tar.TypeDir
		return archive.WriteHeader(header)
	}
	header.Size = info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
