package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/containers/common/libimage"
	"github.com/containers/image/v5/docker/reference"
	"github.com/sealerio/sealer/pkg/define/options"
	"github.com/sealerio/sealer/pkg/imageengine/buildah"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

// prepareVariable has builds prepare pushes, or not.
const prepareVariable = "SEALIFT_PREPARE"

const preparing = `
With Sealift, a build also prepares the push: the image is cut into chunks, and what is new since the last image of its
repository is compressed, so that sealer push sealift://HOST/REPO:TAG only has to upload. That keeps one compressed copy
of the last image of each repository. Nothing that goes wrong there fails the build.

Environment:
  SEALIFT_PREPARE=0   do not prepare pushes
  SEALIFT_ROOT        directory for what is prepared (default: /var/lib/sealift, or, for other users than root, sealift
                      in the XDG data directory)
`

func (l *lift) extendBuild(cmd *cobra.Command) {
	cmd.Long += "\n" + preparing
	stock := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, _ := cmd.Flags().GetString("tag") // sealer changes it
		if err := stock(cmd, args); err != nil || os.Getenv(prepareVariable) == "0" {
			return err
		}
		if err := l.prepare(cmd.Context(), name); err != nil {
			logrus.Warnf("the image is built, but not prepared for pushing: %v", err)
		}
		return nil
	}
}

// prepare brings the local image name, or all images of the list name, into chunked form for a push to come.
func (l *lift) prepare(ctx context.Context, name string) error {
	engine, err := newEngine()
	if err != nil {
		return err
	}
	id, repository, err := lookUp(engine, name)
	if err != nil {
		return err
	}
	l.Storage = engine.ImageStore()
	var pushed *sealift.Result
	l.Pushed = func(_ *transport.Reference, r *sealift.Result) { pushed = r }
	defer l.show(false)()
	images := preparedImages()
	err = images.put(repository, id, func(layout string, bases []string) error {
		for _, base := range bases {
			l.Options.Bases = append(l.Options.Bases, preparedReference(base))
		}
		to := transport.Name + ":" + preparedReference(layout)
		if err := pushImage(ctx, engine, id, to, &options.PushOptions{All: true, Quiet: true}); err != nil {
			return err
		}
		logrus.Infof("prepared %s for pushing (%s new of %s)", name, bytesOf(pushed.NewBytes), bytesOf(pushed.RawBytes))
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.keepRecipes(ctx, preparedReference(images.find(id))); err != nil {
		logrus.Warnf("recipes of the image are not kept, so it will be read before a pull of its repository: %v", err)
	}
	return nil
}

// keepRecipes keeps the recipes of a prepared image, whose layers then are bases of pulls.
func (l *lift) keepRecipes(ctx context.Context, image string) error {
	ref, err := l.Parse(image)
	if err != nil {
		return err
	}
	src, err := ref.Open(ctx, nil)
	if err != nil {
		return err
	}
	return errors.Join(newBases(l.Storage, l.Options).recipes.keep(src.Recipes(), l.Storage), src.Close())
}

func preparedImages() prepared { return prepared(filepath.Join(transport.DefaultRoot(), "prepared")) }

// lookUp returns the ID of the local image, or list, name, and the name of its repository.
func lookUp(engine *buildah.Engine, name string) (id, repository string, err error) {
	img, resolved, err := engine.ImageRuntime().LookupImage(name, &libimage.LookupImageOptions{ManifestList: true})
	if err != nil {
		return "", "", err
	}
	return img.ID(), repositoryOf(resolved), nil
}

// repositoryOf returns the name of an image without its tag.
func repositoryOf(name string) string {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return name
	}
	return named.Name()
}
