package sealer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// apiObjects is as much of a Kubernetes API as sealer uses: objects that are files, each where its address says. They
// are in the encoding that they came in: nodes in JSON, and what sealer creates in Protocol Buffers.
type apiObjects string

// objects are those of the cluster, on its master.
const objects = apiObjects("/etc/kubernetes/objects")

const (
	jsonType     = "application/json"
	protobufType = "application/vnd.kubernetes.protobuf"
)

// protobufMagic begins an object in Protocol Buffers.
var protobufMagic = []byte("k8s\x00")

// discovery says what there is, by address.
var discovery = map[string]string{
	"/api":  `{"kind": "APIVersions", "versions": ["v1"]}`,
	"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`,
	"/api/v1": `{"kind": "APIResourceList", "groupVersion": "v1", "resources": [
		{"name": "namespaces", "kind": "Namespace", "namespaced": false, "verbs": ["get"]},
		{"name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["create", "list", "patch"]},
		{"name": "configmaps", "kind": "ConfigMap", "namespaced": true, "verbs": ["create", "get", "update"]},
		{"name": "secrets", "kind": "Secret", "namespaced": true, "verbs": ["create"]}]}`,
}

func (a apiObjects) handler() http.Handler {
	mux := http.NewServeMux()
	for address, answer := range discovery {
		mux.HandleFunc("GET "+address, func(w http.ResponseWriter, _ *http.Request) { respond(w, []byte(answer), nil) })
	}
	for pattern, answer := range map[string]func(address string, body []byte) ([]byte, error){
		"GET /api/v1/nodes":          func(string, []byte) ([]byte, error) { return a.nodes() },
		"GET /api/v1/{address...}":   func(address string, _ []byte) ([]byte, error) { return os.ReadFile(a.file(address)) },
		"POST /api/v1/{address...}":  a.create,
		"PUT /api/v1/{address...}":   a.update,
		"PATCH /api/v1/{address...}": a.patch,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			object, err := io.ReadAll(r.Body)
			if err == nil {
				object, err = answer(r.PathValue("address"), object)
			}
			respond(w, object, err)
		})
	}
	return mux
}

func (a apiObjects) file(address string) string {
	return filepath.Join(string(a), filepath.FromSlash(address))
}

// create stores an object that is not there yet.
func (a apiObjects) create(collection string, object []byte) ([]byte, error) {
	name, err := objectName(object)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.file(collection), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(a.file(collection), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(object)
	return object, errors.Join(err, file.Close())
}

// update replaces an object.
func (a apiObjects) update(address string, object []byte) ([]byte, error) {
	return object, os.WriteFile(a.file(address), object, 0o600)
}

// nodes lists all nodes.
func (a apiObjects) nodes() ([]byte, error) {
	files, err := os.ReadDir(a.file("nodes"))
	if err != nil {
		return nil, err
	}
	var items [][]byte
	for _, file := range files {
		node, err := os.ReadFile(filepath.Join(a.file("nodes"), file.Name()))
		if err != nil {
			return nil, err
		}
		items = append(items, node)
	}
	return fmt.Appendf(nil, `{"kind": "NodeList", "apiVersion": "v1", "items": [%s]}`, bytes.Join(items, []byte(","))), nil
}

// patch merges a document into an object, as RFC 7386 says, but deletes nothing.
func (a apiObjects) patch(address string, document []byte) ([]byte, error) {
	object, err := os.ReadFile(a.file(address))
	if err != nil {
		return nil, err
	}
	var merged, changes map[string]any
	if err := errors.Join(json.Unmarshal(object, &merged), json.Unmarshal(document, &changes)); err != nil {
		return nil, err
	}
	merge(merged, changes)
	if object, err = json.Marshal(merged); err != nil {
		return nil, err
	}
	return a.update(address, object)
}

func merge(into, changes map[string]any) {
	for key, change := range changes {
		deeper, isObject := change.(map[string]any)
		if old, wasObject := into[key].(map[string]any); isObject && wasObject {
			merge(old, deeper)
		} else {
			into[key] = change
		}
	}
}

// respond sends an object, or what an error means to a client.
func respond(w http.ResponseWriter, object []byte, err error) {
	code, kind := http.StatusOK, jsonType
	if err != nil {
		code, object = failure(err)
	} else if bytes.HasPrefix(object, protobufMagic) {
		kind = protobufType
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = w.Write(object) // if this fails, the client is gone
}

// failure is the status code and the object of an error.
func failure(err error) (int, []byte) {
	code, reason := http.StatusInternalServerError, "InternalError"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, reason = http.StatusNotFound, "NotFound"
	case errors.Is(err, fs.ErrExist):
		code, reason = http.StatusConflict, "AlreadyExists"
	}
	return code, fmt.Appendf(nil, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": %d, "reason": %q,
		"message": %q}`, code, reason, err.Error())
}

// objectName is the name in an object's metadata.
func objectName(object []byte) (string, error) {
	if encoded, ok := bytes.CutPrefix(object, protobufMagic); ok {
		name := protobufField(protobufField(protobufField(encoded, 2), 1), 1) // object, metadata, name
		return string(name), nil
	}
	var decoded struct{ Metadata struct{ Name string } }
	err := json.Unmarshal(object, &decoded)
	return decoded.Metadata.Name, err
}

// protobufField is a field of a message in which all fields up to this have a length.
func protobufField(message []byte, number uint64) []byte {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		length, m := binary.Uvarint(message[n:])
		value := message[n+m:][:length]
		if key == number<<3|2 {
			return value
		}
		message = message[n+m+int(length):]
	}
	return nil
}
