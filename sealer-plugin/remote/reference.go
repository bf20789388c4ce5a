package remote

import (
	_ "crypto/sha256" // the algorithms that a digest in a reference may name
	_ "crypto/sha512"
	"fmt"
	"regexp"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// The transports of a Reference.
const (
	TransportRegistry      = "registry"       // an OCI registry
	TransportOCI           = "oci"            // an OCI image layout in a directory
	TransportOCIArchive    = "oci-archive"    // an OCI image layout in a tar file
	TransportDockerArchive = "docker-archive" // what docker save writes
)

// referenceForms is shown to whoever wrote a reference that cannot be read.
const referenceForms = "want HOST/REPOSITORY[:TAG][@DIGEST], oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME:TAG]"

// layoutTag is the grammar of a name in a layout or an archive: a tag, or a whole image name, as other tools put it there.
var layoutTag = regexp.MustCompile(`^\w[\w.:@/+-]{0,254}$`)

// Reference names an image, or the place of one.
type Reference struct {
	Transport  string        // one of the Transport constants
	Host       string        // registry: host, with its port if it has one
	Repository string        // registry: path below the host
	Path       string        // the others: directory or file
	Tag        string        // may be empty
	Digest     digest.Digest // may be empty; goes before Tag
}

// ParseReference reads a reference in one of the forms
//
//	HOST/REPOSITORY[:TAG][@DIGEST]
//	oci:DIR[:TAG][@DIGEST]
//	oci-archive:FILE[:TAG][@DIGEST]
//	docker-archive:FILE[:NAME:TAG][@DIGEST]
//
// HOST must be there: it is localhost, or has a dot or a port. Repositories of Docker Hub may leave out "library/".
// DIR and FILE end at the first colon; a Windows drive letter is not taken for one. Errors wrap ErrReference.
func ParseReference(s string) (Reference, error) {
	for _, transport := range []string{TransportOCI, TransportOCIArchive, TransportDockerArchive} {
		if rest, ok := strings.CutPrefix(s, transport+":"); ok {
			return parsePath(s, transport, rest)
		}
	}
	return parseName(s)
}

// String returns the form that ParseReference reads.
func (r Reference) String() string {
	var b strings.Builder
	if r.Transport == TransportRegistry {
		b.WriteString(r.Host + "/" + r.Repository)
	} else {
		b.WriteString(r.Transport + ":" + r.Path)
	}
	if r.Tag != "" {
		b.WriteString(":" + r.Tag)
	}
	if r.Digest != "" {
		b.WriteString("@" + r.Digest.String())
	}
	return b.String()
}

// Name returns what Source.Resolve takes for this reference: the digest, else the tag, else "".
func (r Reference) Name() string {
	if r.Digest != "" {
		return r.Digest.String()
	}
	return r.Tag
}

func parsePath(s, transport, rest string) (Reference, error) {
	rest, dgst, err := cutDigest(rest)
	if err != nil {
		return Reference{}, referenceError(s, err.Error())
	}
	path, tag, tagged := cutPath(rest)
	switch {
	case path == "":
		return Reference{}, referenceError(s, "has no path")
	case strings.ContainsRune(path, 0):
		return Reference{}, referenceError(s, "has a path with a zero byte")
	case tagged && !layoutTag.MatchString(tag):
		return Reference{}, referenceError(s, fmt.Sprintf("has the invalid tag %q", tag))
	}
	return Reference{Transport: transport, Path: path, Tag: tag, Digest: dgst}, nil
}

// cutDigest cuts "@sha256:..." off the end. Any other "@" belongs to the path.
func cutDigest(s string) (rest string, dgst digest.Digest, err error) {
	at := strings.LastIndex(s, "@sha")
	if at < 0 || !strings.Contains(s[at:], ":") {
		return s, "", nil
	}
	dgst, err = digest.Parse(s[at+1:])
	if err != nil {
		return "", "", fmt.Errorf("has the invalid digest %q", s[at+1:])
	}
	return s[:at], dgst, nil
}

// cutPath cuts at the first colon that is not the one of a drive letter.
func cutPath(s string) (path, tag string, tagged bool) {
	from := 0
	if len(s) > 2 && isLetter(s[0]) && s[1] == ':' && (s[2] == '\\' || s[2] == '/') {
		from = 2
	}
	colon := strings.IndexByte(s[from:], ':')
	if colon < 0 {
		return s, "", false
	}
	return s[:from+colon], s[from+colon+1:], true
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func parseName(s string) (Reference, error) {
	host, repository, ok := strings.Cut(s, "/")
	if !ok || host != "localhost" && !strings.ContainsAny(host, ".:") {
		return Reference{}, referenceError(s, "has no registry host")
	}
	if repository == "" {
		return Reference{}, referenceError(s, "has no repository")
	}
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Reference{}, referenceError(s, "is not valid: "+err.Error())
	}
	r := Reference{Transport: TransportRegistry, Host: reference.Domain(named), Repository: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		r.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		r.Digest = digested.Digest()
	}
	return r, nil
}

// login matches a name and a password before a host, which someone may have put there.
var login = regexp.MustCompile(`^[^/@]*:[^/@]*@`)

func referenceError(s, reason string) error {
	return fmt.Errorf("%w: %q %s; %s", ErrReference, hideLogin(s), scrub(reason), referenceForms)
}

func hideLogin(s string) string { return login.ReplaceAllString(scrub(s), "...@") }
