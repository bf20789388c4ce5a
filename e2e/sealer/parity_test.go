package sealer

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSealerHelp compares the help of all commands with that of sealer itself: it is the same, but for what is added to
// that of build, push and pull.
func TestSealerHelp(t *testing.T) {
	m := newMachine(t)
	commands := [][]string{nil}
	for len(commands) > 0 {
		command := commands[0]
		commands = commands[1:]
		ours, theirs := m.help(t, lifted, command), m.help(t, stock, command)
		name := strings.Join(command, " ")
		if slices.Contains([]string{"build", "push", "pull"}, name) {
			ours = slices.DeleteFunc(ours, func(line string) bool { return !slices.Contains(theirs, line) })
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("sealer %s --help:\n%s", name, diff)
		}
		for _, sub := range subcommands(theirs) {
			commands = append(commands, append(slices.Clone(command), sub))
		}
	}
}

// help returns the lines that a program prints about a command, without empty ones and the version of sealer.
func (m *machine) help(t *testing.T, program string, command []string) []string {
	t.Helper()
	version := strings.TrimSpace(m.must(t, program, "version", "--short"))
	text := m.must(t, program, append(slices.Clone(command), "--help")...)
	lines := strings.Split(strings.ReplaceAll(text, "version="+version, "version=VERSION"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

var commandLine = regexp.MustCompile(`^  ([a-z-]+) `)

// subcommands reads the list of commands in a help text.
func subcommands(help []string) []string {
	var names []string
	for _, line := range help[slices.Index(help, "Available Commands:")+1:] {
		found := commandLine.FindStringSubmatch(line)
		if found == nil {
			break
		}
		if found[1] != "help" {
			names = append(names, found[1])
		}
	}
	return names
}

// TestSealerPlain pushes and pulls ordinary images, as sealer does.
func TestSealerPlain(t *testing.T) {
	w := theWorkshop(t)
	gate := newGate(t, w.registry.Addr)
	for _, test := range []struct{ name, push, pull, scheme string }{
		{"ours to stock", lifted, stock, ""},
		{"stock to ours", stock, lifted, ""},
		{"stock to Sealift", stock, lifted, "sealift://"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			ref := gate.addr + "/plain:" + strings.ReplaceAll(test.name, " ", "-")
			w.must(t, lifted, "tag", w.name(editor), ref)
			w.must(t, test.push, "push", "--skip-tls-verify", ref)
			m.must(t, test.pull, "pull", "--skip-tls-verify", test.scheme+ref)
			want, got := w.must(t, stock, "images"), m.must(t, stock, "images")
			if id := idOf(want, ref); id == "" || id != idOf(got, ref) {
				t.Errorf("%s is not the same image in:\n%s\n%s", ref, want, got)
			}
		})
	}
}

// idOf returns the ID that a list of images has for name.
func idOf(images, name string) string {
	for line := range strings.Lines(images) {
		if column := strings.Fields(line); column[0]+":"+column[1] == name {
			return column[2]
		}
	}
	return ""
}

// TestSealerAlways has the variable set by which push and pull need no prefix.
func TestSealerAlways(t *testing.T) {
	w, m := theWorkshop(t), newMachine(t, "SEALIFT_ALWAYS=1")
	gate := newGate(t, w.registry.Addr)
	ref := gate.addr + "/always:v1"
	w.lend(t, m, editor, ref)
	m.must(t, lifted, "push", ref)
	m.must(t, lifted, "rmi", ref)
	m.must(t, lifted, "pull", ref)
	if o := newMachine(t).try(t, stock, "pull", "--skip-tls-verify", ref); o.code == 0 {
		t.Error("sealer can pull it: it is not in chunked form")
	}
}
