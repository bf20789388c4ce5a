module github.com/opencontainers/image-spec

go 1.26.0

require (
	github.com/opencontainers/go-digest v1.0.0
	imagespec/new v1.1.1
	imagespec/old v1.0.2
)
