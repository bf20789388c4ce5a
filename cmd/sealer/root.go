package main

import (
	"fmt"
	"path/filepath"

	"github.com/sealerio/sealer/cmd/sealer/cmd/alpha"
	"github.com/sealerio/sealer/cmd/sealer/cmd/cluster"
	"github.com/sealerio/sealer/cmd/sealer/cmd/image"
	"github.com/sealerio/sealer/common"
	"github.com/sealerio/sealer/pkg/logger"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
)

// Sealer does not export its root command. What follows is that command, word for word; TestCommands compares the two.
// Importing the package that has it would initialize the log twice.

const rootDescription = `sealer is a tool to seal application's all dependencies and Kubernetes
into sealer image by Kubefile, distribute this application anywhere via sealer image, 
and run it within any cluster with Clusterfile in one command.
`

const (
	colorNever  = "never"
	colorAlways = "always"
)

// rootFlags are the flags that all commands have.
type rootFlags struct {
	config   string
	color    string
	log      logger.LogOptions
	hideTime bool // read by nobody, in sealer neither
	hidePath bool
}

// newRoot returns sealer's commands, with those that know Sealift in place of theirs.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:               "sealer",
		Short:             "A tool to build, share and run any distributed applications.",
		Long:              rootDescription,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
	}
	flags := new(rootFlags)
	flags.register(root)
	cobra.OnInitialize(flags.apply)

	root.AddCommand(alpha.NewCmdAlpha(), newCompletion(), newVersion(), newGenDoc())
	root.AddCommand(cluster.NewClusterCommands()...)
	root.AddCommand(withSealift(image.NewImageCommands())...)
	return root
}

func (f *rootFlags) register(root *cobra.Command) {
	all := root.PersistentFlags()
	all.StringVar(&f.config, "config", "", "config file of sealer tool (default is $HOME/.sealer.json)")
	all.BoolVarP(&f.log.Verbose, "debug", "d", false, "turn on debug mode")
	all.BoolVarP(&root.SilenceUsage, "quiet", "q", false, "silence the usage when fail")
	all.BoolVar(&f.hideTime, "hide-time", false, "hide the log time")
	all.BoolVar(&f.hidePath, "hide-path", false, "hide the log path")
	all.BoolVar(&f.log.LogToFile, "log-to-file", true, "write log message to disk")
	all.StringVar(&f.color, "color", colorAlways,
		fmt.Sprintf("set the log color mode, the possible values can be %v", []string{colorNever, colorAlways}))
	all.StringVar(&f.log.RemoteLoggerURL, "remote-logger-url", "",
		"remote logger url, if not empty, will send log to this url")
	all.StringVar(&f.log.RemoteLoggerTaskName, "task-name", "",
		"task name which will embedded in the remote logger header, only valid when --remote-logger-url is set")
	root.Flags().BoolP("toggle", "t", false, "Help message for toggle")
}

// apply reads the configuration and sets up the log, before a command runs.
func (f *rootFlags) apply() {
	if f.config == "" {
		f.config = filepath.Join(common.GetHomeDir(), ".sealer.json")
	}
	viper.SetConfigFile(f.config)
	viper.AutomaticEnv()
	f.log.DisableColor = f.color == colorNever
	if err := logger.Init(f.log); err != nil {
		panic(fmt.Sprintf("failed to init logger: %v\n", err))
	}
}
