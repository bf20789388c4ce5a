package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/containers/common/libimage"
	"github.com/containers/image/v5/types"
	"github.com/containers/storage"
	"github.com/sealerio/sealer/pkg/define/options"
	"github.com/sealerio/sealer/pkg/imageengine/buildah"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
)

const pushExamples = `  sealer push sealift://registry.example.com/kube:v1
  sealer push registry.example.com/kube:v1 sealift:oci:/media/usb/kube:v1
`

func (l *lift) extendPush(cmd *cobra.Command) {
	cmd.Long = cmd.Short + "\n" + references + `
sealer push IMAGE sealift:… pushes the local image IMAGE to that place. With one argument, sealift://HOST/REPO:TAG, it
is the local image HOST/REPO:TAG.
`
	cmd.Example += pushExamples
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 2 && prefixed(args[1]) {
			return nil
		}
		return cobra.ExactArgs(1)(cmd, args)
	}
	stock := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := l.chunked(args[len(args)-1])
		if err != nil {
			return err
		}
		if to == nil {
			return stock(cmd, args)
		}
		cmd.SilenceUsage = true // it does not help with what can go wrong from here on
		name := args[0]
		if len(args) == 1 {
			name = localName(to)
		}
		return l.push(cmd, name, to)
	}
}

// push pushes the local image name, or all images of the list name, to a chunked image.
func (l *lift) push(cmd *cobra.Command, name string, to *transport.Reference) error {
	flags := cmd.Flags()
	quiet, _ := flags.GetBool("quiet")
	all, _ := flags.GetBool("all")
	insecure, _ := flags.GetBool("skip-tls-verify")
	authFile, _ := flags.GetString("authfile")

	engine, err := newEngine()
	if err != nil {
		return err
	}
	sys := engine.SystemContext()
	sys.AuthFilePath = authFile
	sys.DockerInsecureSkipTLSVerify = types.NewOptionalBool(insecure)
	l.Storage = engine.ImageStore()
	var pushed *sealift.Result
	l.Pushed = func(_ *transport.Reference, r *sealift.Result) { pushed = r }
	failed := func(err error) error {
		return fmt.Errorf("pushing image %q to %q: %w", name, to, insecureHint(err))
	}
	id, _, err := lookUp(engine, name)
	if err != nil {
		return failed(err)
	}
	end := l.show(quiet)
	o := options.PushOptions{SkipTLSVerify: insecure, All: all, Quiet: true}
	err = l.pushPrepared(id, func() error {
		return pushImage(cmd.Context(), engine, name, to.String(), &o)
	})
	end()
	if err != nil {
		return failed(err)
	}
	logrus.Infof("successfully pushed %s with digest %s (%s)", to, pushed.ChunkedDigest, saved(pushed))
	return nil
}

// pushPrepared has push use what was prepared of the local image id. If that turns out to be damaged, it is removed,
// and the push goes on without.
func (l *lift) pushPrepared(id string, push func() error) error {
	layout := preparedImages().find(id)
	if layout == "" {
		return push()
	}
	l.Options.Prepared = preparedReference(layout)
	err := push()
	if !errors.Is(err, sealift.ErrDamaged) && !errors.Is(err, sealift.ErrNotFound) {
		return err
	}
	logrus.Warnf("what was prepared of the image cannot be used any more, and is removed: %v", err)
	l.Options.Prepared = ""
	if err := os.RemoveAll(layout); err != nil {
		return err
	}
	return push()
}

func pushImage(ctx context.Context, engine *buildah.Engine, name, to string, o *options.PushOptions) error {
	_, err := engine.ImageRuntime().LookupManifestList(name)
	if err == nil {
		return engine.PushManifest(name, to, o)
	}
	if !errors.Is(err, storage.ErrImageUnknown) && !errors.Is(err, libimage.ErrNotAManifestList) {
		return err
	}
	retries := uint(0) // the transport tries again by itself
	copying := libimage.CopyOptions{PolicyAllowStorage: true, MaxRetries: &retries}
	_, err = engine.ImageRuntime().Push(ctx, name, to, &libimage.PushOptions{CopyOptions: copying})
	return err
}
