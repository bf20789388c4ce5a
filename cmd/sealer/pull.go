package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/containers/buildah/define"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

const pullExamples = `  sealer pull sealift://registry.example.com/kube:v1
  sealer pull sealift:oci:/media/usb/kube:v1
`

func (l *lift) extendPull(cmd *cobra.Command) {
	cmd.Long = cmd.Short + "\n" + references + `
In the local storage, the image sealift://HOST/REPO:TAG is called HOST/REPO:TAG, and sealift:oci:/media/usb/kube:v1
localhost/kube:v1. A pull that was interrupted goes on where it was. An image that is not chunked is pulled as a whole.
`
	cmd.Example += pullExamples
	stock := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		from, err := l.chunked(args[0])
		if err != nil {
			return err
		}
		if from == nil {
			return stock(cmd, args)
		}
		cmd.SilenceUsage = true // it does not help with what can go wrong from here on
		id, err := l.pull(cmd, from)
		if errors.Is(err, sealift.ErrNotChunked) {
			logrus.Infof("%s is not in chunked form: it is pulled as a whole", from)
			return stock(cmd, []string{plainName(from)})
		}
		if err != nil {
			return fmt.Errorf("failed to pull image: %s: %w", args[0], insecureHint(err))
		}
		logrus.Infof("successful pull %s with the image ID: %s", args[0], id)
		return nil
	}
}

// plainName returns the name under which containers/image knows a place.
func plainName(ref *transport.Reference) string {
	if ref.Remote().Transport == remote.TransportRegistry {
		return "docker://" + ref.Remote().String()
	}
	return ref.Remote().String()
}

// pull pulls a chunked image into the local storage, and returns its ID.
func (l *lift) pull(cmd *cobra.Command, from *transport.Reference) (id string, err error) {
	p, err := newPuller(cmd, localName(from))
	if err != nil {
		return "", err
	}
	if p.policy == define.PullNever {
		return p.localID()
	}
	fmt.Fprintf(p.report, "Trying to pull %s...\n", from)
	end := l.show(p.report == io.Discard)
	p.bases = newBases(p.store, l.Options)
	src, err := p.fetch(cmd.Context(), from)
	end()
	if err == nil && src != nil {
		err = p.copy(cmd.Context(), src)
	}
	if err != nil {
		return "", err
	}
	return p.localID()
}
