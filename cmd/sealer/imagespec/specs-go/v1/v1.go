// Package v1 has the image of image-spec 1.0, and all else of 1.1.
package v1

import (
	"imagespec/new/specs-go/v1"
	old "imagespec/old/specs-go/v1"
)

// An image's configuration.
type (
	Image       = old.Image
	ImageConfig = old.ImageConfig
	RootFS      = old.RootFS
	History     = old.History
)

// All other types.
type (
	Descriptor  = v1.Descriptor
	ImageLayout = v1.ImageLayout
	Index       = v1.Index
	Manifest    = v1.Manifest
	Platform    = v1.Platform
)

// DescriptorEmptyJSON describes a blob that is an empty JSON object.
var DescriptorEmptyJSON = v1.DescriptorEmptyJSON

// Keys of annotations.
const (
	AnnotationCreated         = v1.AnnotationCreated
	AnnotationAuthors         = v1.AnnotationAuthors
	AnnotationURL             = v1.AnnotationURL
	AnnotationDocumentation   = v1.AnnotationDocumentation
	AnnotationSource          = v1.AnnotationSource
	AnnotationVersion         = v1.AnnotationVersion
	AnnotationRevision        = v1.AnnotationRevision
	AnnotationVendor          = v1.AnnotationVendor
	AnnotationLicenses        = v1.AnnotationLicenses
	AnnotationRefName         = v1.AnnotationRefName
	AnnotationTitle           = v1.AnnotationTitle
	AnnotationDescription     = v1.AnnotationDescription
	AnnotationBaseImageDigest = v1.AnnotationBaseImageDigest
	AnnotationBaseImageName   = v1.AnnotationBaseImageName
)

// Media types.
const (
	MediaTypeDescriptor                     = v1.MediaTypeDescriptor
	MediaTypeLayoutHeader                   = v1.MediaTypeLayoutHeader
	MediaTypeImageIndex                     = v1.MediaTypeImageIndex
	MediaTypeImageManifest                  = v1.MediaTypeImageManifest
	MediaTypeImageConfig                    = v1.MediaTypeImageConfig
	MediaTypeEmptyJSON                      = v1.MediaTypeEmptyJSON
	MediaTypeImageLayer                     = v1.MediaTypeImageLayer
	MediaTypeImageLayerGzip                 = v1.MediaTypeImageLayerGzip
	MediaTypeImageLayerZstd                 = v1.MediaTypeImageLayerZstd
	MediaTypeImageLayerNonDistributable     = v1.MediaTypeImageLayerNonDistributable
	MediaTypeImageLayerNonDistributableGzip = v1.MediaTypeImageLayerNonDistributableGzip
	MediaTypeImageLayerNonDistributableZstd = v1.MediaTypeImageLayerNonDistributableZstd
)

// Files of a layout.
const (
	ImageLayoutFile    = v1.ImageLayoutFile
	ImageLayoutVersion = v1.ImageLayoutVersion
	ImageIndexFile     = v1.ImageIndexFile
	ImageBlobsDir      = v1.ImageBlobsDir
)
