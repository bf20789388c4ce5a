// Package specs is that of image-spec 1.1.
package specs

import "imagespec/new/specs-go"

// Version is the version of the specification.
var Version = specs.Version

// Versioned is what manifests begin with.
type Versioned = specs.Versioned
