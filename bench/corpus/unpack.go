package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"time"
)

func unzip(archive *tar.Writer, name, prefix string, built time.Time) error {
	wheel, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer wheel.Close()
	for _, file := range wheel.File {
		if file.FileInfo().IsDir() {
			continue
		}
		header := &tar.Header{
			Name:     path.Join(prefix, file.Name),
			Typeflag: tar.TypeReg,
			Mode:     int64(file.Mode().Perm()),
			Size:     int64(file.UncompressedSize64),
			ModTime:  built,
		}
		if err := addFile(archive, header, file); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return nil
}

func addFile(archive *tar.Writer, header *tar.Header, file *zip.File) error {
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(archive, content)
	return err
}

func unpackTarball(archive *tar.Writer, name, prefix string, built time.Time) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	return move(archive, content, prefix, built)
}

func unpackDeb(archive *tar.Writer, name, prefix string, built time.Time) error {
	content, err := exec.Command("dpkg-deb", "--fsys-tarfile", name).Output()
	if err != nil {
		return fmt.Errorf("dpkg-deb: %w", err)
	}
	return move(archive, bytes.NewReader(content), prefix, built)
}

// move adds the entries of the tar from, at prefix, all of them with mtime built and owned by root.
func move(archive *tar.Writer, from io.Reader, prefix string, built time.Time) error {
	entries := tar.NewReader(from)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		header := &tar.Header{
			Name:     path.Join(prefix, entry.Name),
			Typeflag: entry.Typeflag,
			Linkname: entry.Linkname,
			Mode:     entry.Mode,
			Size:     entry.Size,
			ModTime:  built,
		}
		switch entry.Typeflag {
		case tar.TypeDir:
			header.Name += "/"
		case tar.TypeLink:
			header.Linkname = path.Join(prefix, entry.Linkname)
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(archive, entries); err != nil {
			return err
		}
	}
}
