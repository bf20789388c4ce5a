package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/image/v5/transports"
	"github.com/sealerio/sealer/pkg/define/options"
	"github.com/sealerio/sealer/pkg/imageengine/buildah"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealer/transport"
	sealift "github.com/sealift/sealift/sealer-plugin"
	"github.com/sealift/sealift/sealer-plugin/remote"
)

// alwaysVariable makes push and pull take names of images in registries for those of chunked images.
const alwaysVariable = "SEALIFT_ALWAYS"

const references = `
With Sealift, images travel by chunks: only what the other side lacks. Names of such images:
  sealift://HOST/REPO:TAG   in a registry
  sealift:oci:DIR:TAG       in a directory, on a USB stick for example

Environment:
  SEALIFT_ALWAYS=1   HOST/REPO:TAG means sealift://HOST/REPO:TAG
  SEALIFT_ROOT       directory for what is prepared for pushes, and known or begun of pulls (default: /var/lib/sealift,
                     or, for other users than root, sealift in the XDG data directory)
`

// lift is what the commands that know Sealift share.
type lift struct {
	*transport.Transport
	always bool
}

// withSealift teaches sealer's build, push and pull chunked images, and registers their transport for every command.
func withSealift(commands []*cobra.Command) []*cobra.Command {
	l := &lift{new(transport.Transport), os.Getenv(alwaysVariable) != "" && os.Getenv(alwaysVariable) != "0"}
	l.Options.Remote.UserAgent = "sealer (sealift)"
	l.Options.Log = slog.New(logHandler{})
	transports.Register(l.Transport)
	for _, cmd := range commands {
		switch cmd.Name() {
		case "build":
			l.extendBuild(cmd)
		case "push":
			l.extendPush(cmd)
		case "pull":
			l.extendPull(cmd)
		}
	}
	return commands
}

// prefixed says whether name is that of a chunked image.
func prefixed(name string) bool { return strings.HasPrefix(name, transport.Name+":") }

// chunked returns the reference that name stands for, or nil if it is none of a chunked image.
func (l *lift) chunked(name string) (*transport.Reference, error) {
	if rest, ok := strings.CutPrefix(name, transport.Name+":"); ok {
		return l.Parse(rest)
	}
	if !l.always || transports.Get(strings.SplitN(name, ":", 2)[0]) != nil {
		return nil, nil
	}
	ref, err := l.Parse("//" + name)
	if err != nil {
		logrus.Debugf("%s does not name its registry: not by chunks: %v", name, err)
		return nil, nil
	}
	return ref, nil
}

// insecureHint says in an error of a registry which flag could help.
func insecureHint(err error) error {
	if errors.Is(err, remote.ErrCertificate) || errors.Is(err, remote.ErrPlainHTTP) {
		return fmt.Errorf("%w; --skip-tls-verify allows it", err)
	}
	return err
}

func newEngine() (*buildah.Engine, error) {
	return buildah.NewBuildahImageEngine(options.EngineGlobalConfigurations{})
}

// show makes what follows show its progress, until it is ended.
func (l *lift) show(quiet bool) (end func()) {
	if quiet {
		return func() {}
	}
	p := newProgress(os.Stderr)
	l.Options.Progress = p
	return p.close
}

// localName returns what the image of a reference is called in the local storage.
func localName(ref *transport.Reference) string {
	if name := ref.DockerReference(); name != nil {
		return name.String()
	}
	at := ref.Remote()
	base := strings.ToLower(strings.TrimSuffix(filepath.Base(at.Path), ".tar"))
	if at.Tag == "" {
		return fmt.Sprintf("localhost/%s:latest", base)
	}
	return fmt.Sprintf("localhost/%s:%s", base, at.Tag)
}

// logHandler writes messages into sealer's log.
type logHandler struct{}

var _ slog.Handler = logHandler{}

func (logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return logrus.IsLevelEnabled(logrusLevel(level))
}

func (logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s", a)
		return true
	})
	logrus.StandardLogger().Log(logrusLevel(r.Level), b.String())
	return nil
}

func (h logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h logHandler) WithGroup(string) slog.Handler      { return h }

func logrusLevel(level slog.Level) logrus.Level {
	switch {
	case level >= slog.LevelError:
		return logrus.ErrorLevel
	case level >= slog.LevelWarn:
		return logrus.WarnLevel
	case level >= slog.LevelInfo:
		return logrus.InfoLevel
	}
	return logrus.DebugLevel
}

// saved says what a push did not have to send.
func saved(r *sealift.Result) string {
	return fmt.Sprintf("%s sent for %s", bytesOf(r.SentBytes), bytesOf(r.RawBytes))
}
