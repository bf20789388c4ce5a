package sealer

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/sealer-plugin/remote/registrytest"
)

// TestSealerRefuses asks for what cannot be.
func TestSealerRefuses(t *testing.T) {
	w, m := theWorkshop(t), newMachine(t)
	gate, gone := newGate(t, w.registry.Addr), newGate(t, w.registry.Addr)
	gone.shut()
	for _, test := range []struct {
		name string
		to   string   // or from
		want []string // in the line that says why
	}{
		{"no repository", "sealift:nowhere", []string{"nowhere", "invalid reference"}},
		{"capitals", "sealift://" + gate.addr + "/EDITOR:v1", []string{"EDITOR", "lowercase"}},
		{"registry that is off", "sealift://" + gone.addr + "/editor:v1", []string{gone.addr, "connection refused"}},
		{"no directory", "sealift:oci:/dev/null/editor:v1", []string{"/dev/null/editor", "not a directory"}},
	} {
		t.Run("push to "+test.name, func(t *testing.T) {
			w.refuses(t, []string{"push", w.name(editor), test.to}, test.want...)
		})
		t.Run("pull from "+test.name, func(t *testing.T) {
			m.refuses(t, []string{"pull", test.to}, test.want...)
		})
	}
	nothing := gate.addr + "/nothing"
	t.Run("push what is not there", func(t *testing.T) {
		w.refuses(t, []string{"push", "sealift://" + nothing + ":v1"}, nothing, "not known")
	})
	t.Run("pull what is not there", func(t *testing.T) {
		m.refuses(t, []string{"pull", "sealift://" + nothing + ":v1"}, nothing, "not found")
	})
}

// refuses runs sealer, which must fail, say why in one line that has all of the words, and leave its store as it was.
func (m *machine) refuses(t *testing.T, args []string, words ...string) {
	t.Helper()
	before := m.state(t)
	o := m.try(t, lifted, args...)
	if o.code != 1 {
		t.Errorf("%v: exit code %d", args, o.code)
	}
	said := errorLine.FindAllStringSubmatch(o.stderr, -1)
	if len(said) != 1 {
		t.Fatalf("%v: %d lines that say why:\n%s", args, len(said), o.stderr)
	}
	t.Log(said[0][1])
	for _, word := range words {
		if !strings.Contains(said[0][1], word) {
			t.Errorf("%v: nothing of %q in: %s", args, word, said[0][1])
		}
	}
	if diff := cmp.Diff(before, m.state(t)); diff != "" {
		t.Errorf("%v: the store is another one:\n%s", args, diff)
	}
}

// errorLine is what sealer logs about an error.
var errorLine = regexp.MustCompile(`(?m)^.*\[ERROR\] \[[^]]*\] (.*)$`)

// state is what sealer has: images, layers and what it did not clean up.
func (m *machine) state(t *testing.T) []string {
	t.Helper()
	images := created.ReplaceAllString(m.must(t, lifted, "images"), " ")
	state := strings.Split(spaces.ReplaceAllString(images, " "), "\n")
	lists := m.must(t, "sh", "-c", `cat $(find /var/lib/containers -name images.json -o -name layers.json | sort) /dev/null`)
	state = append(state, strings.Split(lists, ",")...)
	left, err := filepath.Glob(m.path("tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(state, left...)
}

// What changes by itself in what `sealer images` prints: a column, and the widths of all.
var (
	created = regexp.MustCompile(`(Less than a|About an?|\d+) (second|minute|hour)s? ago`)
	spaces  = regexp.MustCompile(` +`)
)

// account is a line of a password file: user "cook", password "secret".
const account = "cook:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"

// TestSealerPermission needs a password.
func TestSealerPermission(t *testing.T) {
	w, from, to := theWorkshop(t), newMachine(t), newMachine(t)
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, []byte(account), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("auth: {htpasswd: {realm: kitchen, path: %q}}", passwords)
	addr := registrytest.StartDocker(t, t.TempDir(), settings)
	ref := addr + "/editor:v1"
	w.lend(t, from, editor, ref)

	from.refuses(t, []string{"push", "sealift://" + ref}, ref, "credentials")
	to.refuses(t, []string{"pull", "sealift://" + ref}, ref, "credentials")
	from.refuses(t, []string{"login", addr, "--skip-tls-verify", "-u", "cook", "-p", "wrong"}, addr)
	from.refuses(t, []string{"push", "sealift://" + ref}, ref, "credentials")
	for _, m := range []*machine{from, to} {
		m.must(t, lifted, "login", addr, "--skip-tls-verify", "-u", "cook", "-p", "secret")
	}
	from.must(t, lifted, "push", "sealift://"+ref)
	to.must(t, lifted, "pull", "sealift://"+ref)
	sameImage(t, from, to, ref)
}

// lend brings an image of the workshop to another machine, in a file, and calls it name there.
func (w *workshop) lend(t *testing.T, to *machine, tag, name string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), tag+".tar")
	w.must(t, lifted, "save", "--quiet", "-o", file, w.name(tag))
	to.must(t, lifted, "load", "--quiet", "-i", file)
	to.must(t, lifted, "tag", w.name(tag), name)
	to.must(t, lifted, "rmi", w.name(tag))
}

// TestSealerRegistryGoesAway breaks off a push and a pull in the middle. The same commands go on then.
func TestSealerRegistryGoesAway(t *testing.T) {
	w, m := theWorkshop(t), newMachine(t)
	gate := newGate(t, w.registry.Addr)
	ref := gate.addr + "/away:v1"
	goesOn := func(m *machine, args ...string) (first, second traffic) {
		t.Helper()
		gate.shutAfter(20 << 20)
		m.refuses(t, args, ref)
		first = gate.take()
		if err := gate.open(); err != nil {
			t.Fatal(err)
		}
		m.must(t, lifted, args...)
		second = gate.take()
		t.Logf("%s: %d bytes, then %d", args[0], first.bytes(), second.bytes())
		return first, second
	}
	goesOn(w.machine, "push", w.name(v1), "sealift://"+ref)
	first, second := goesOn(m, "pull", "sealift://"+ref)
	if second.bytes() >= first.bytes() {
		t.Errorf("%d bytes had come, and then %d more were needed: they came again", first.bytes(), second.bytes())
	}
	m.must(t, lifted, "tag", ref, w.name(v1))
	m.must(t, lifted, "rmi", ref)
	sameImage(t, w.machine, m, w.name(v1))
}
