package transport

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/containers/image/v5/manifest"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// AnnotationOrigin is the annotation of a manifest with bare layers that has the manifest which it was made from.
const AnnotationOrigin = "sealift.image.origin"

// Origin returns the manifest that the image had where it was pushed from, or nil if it is data itself.
func Origin(data []byte) ([]byte, error) {
	now, err := parseManifest(data)
	if err != nil {
		return nil, err
	}
	text, ok := now.Annotations[AnnotationOrigin]
	if !ok {
		return nil, nil
	}
	origin, err := parseManifest([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the manifest in annotation %s: %w", AnnotationOrigin, err)
	}
	if origin.Config.Digest != now.Config.Digest || len(origin.Layers) != len(now.Layers) {
		return nil, fmt.Errorf("the manifest in annotation %s is of another image", AnnotationOrigin)
	}
	return []byte(text), nil
}

// nameBareLayers corrects the media types of layers that are not compressed. copy.Image leaves those of the compressed
// layers in whose place they are.
func nameBareLayers(data []byte, layers []ocispec.Descriptor, diffIDs []digest.Digest) ([]byte, error) {
	return replaceEach(data, "layers", func(i int, layer fields) error {
		if i >= len(diffIDs) || layers[i].Digest != diffIDs[i] {
			return nil
		}
		if bare := bareType(layers[i].MediaType); bare != layers[i].MediaType {
			return layer.set("mediaType", bare)
		}
		return nil
	})
}

// bareType returns the media type of a layer without its compression.
func bareType(mediaType string) string {
	if mediaType == manifest.DockerV2Schema2LayerMediaType {
		return manifest.DockerV2SchemaLayerMediaTypeUncompressed
	}
	bare, _, _ := strings.Cut(mediaType, "+")
	return bare
}

// fields are those of a JSON object. What nobody changes stays as it is, known or not.
type fields map[string]json.RawMessage

func (f fields) get(name string, value any) error { return json.Unmarshal(f[name], value) }

func (f fields) set(name string, value any) error {
	raw, err := json.Marshal(value)
	f[name] = raw
	return err
}

// replaceEach returns the JSON object data with change done to each object of the list under key; the same bytes if
// nothing changes.
func replaceEach(data []byte, key string, change func(int, fields) error) ([]byte, error) {
	var object fields
	var list []fields
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if err := object.get(key, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	before, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	for i, entry := range list {
		if err := change(i, entry); err != nil {
			return nil, err
		}
	}
	after, err := json.Marshal(list)
	if err != nil || string(after) == string(before) {
		return data, err
	}
	object[key] = after
	return json.Marshal(object)
}

// annotate returns the manifest data with an annotation.
func annotate(data []byte, key, value string) ([]byte, error) {
	var object fields
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	annotations := make(map[string]string)
	if raw, ok := object["annotations"]; ok {
		if err := json.Unmarshal(raw, &annotations); err != nil {
			return nil, fmt.Errorf("annotations: %w", err)
		}
	}
	annotations[key] = value
	if err := object.set("annotations", annotations); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}
