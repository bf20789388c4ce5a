package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Access says who may do what. The zero value lets everyone do everything.
type Access struct {
	User, Password string
	Bearer         bool // by tokens that are given for the password (distribution-spec's token authentication), not by the password itself
	PublicPull     bool // reading needs no password (with Bearer: a token, which everyone gets)
}

// Require changes who may do what. Tokens that were given are void then.
func (r *Registry) Require(a Access) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.access = a
	clear(r.tokens)
}

// ExpireTokens makes all tokens void that were given.
func (r *Registry) ExpireTokens() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.tokens)
}

const tokenPath = "/token"

// giveToken answers a request for a token.
func (r *Registry) giveToken(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, password, given := req.BasicAuth()
	right := given && user == r.access.User && password == r.access.Password
	if given && !right || !given && !r.access.PublicPull {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		return
	}
	var scopes []string
	for _, scope := range req.URL.Query()["scope"] {
		for s := range strings.FieldsSeq(scope) {
			kind, actions, _ := cutLast(s, ":")
			for action := range strings.SplitSeq(actions, ",") {
				if right || action == "pull" {
					scopes = append(scopes, kind+":"+action)
				}
			}
		}
	}
	r.serial++
	token := fmt.Sprintf("secret-token-%d", r.serial)
	r.tokens[token] = scopes
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token}) // if the client is gone, nobody misses it
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// allowed answers the request if it is not allowed.
func (r *Registry) allowed(c call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.access.User == "" {
		return true
	}
	action := "push"
	if c.Method == http.MethodGet || c.Method == http.MethodHead {
		action = "pull"
	}
	var granted bool
	challenge := `Basic realm="registrytest"`
	if r.access.Bearer {
		token := strings.TrimPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
		scopes, known := r.tokens[token]
		granted = known && (c.name == "" || slices.Contains(scopes, "repository:"+c.name+":"+action))
		challenge = fmt.Sprintf(`Bearer realm="http://%s%s",service="registrytest"`, c.Host, tokenPath)
		if c.name != "" {
			challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, c.name, action)
		}
	} else {
		user, password, _ := c.BasicAuth()
		granted = user == r.access.User && password == r.access.Password || action == "pull" && r.access.PublicPull && c.name != ""
	}
	if !granted {
		c.Header().Set("WWW-Authenticate", challenge)
		refuse(c, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	}
	return granted
}
