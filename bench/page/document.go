package page

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Publish prints a report, with an empty line behind it, and puts it into the document file, if that is not "", as
// Replace does.
func Publish(file, name string, write func(io.Writer)) error {
	var text strings.Builder
	write(&text)
	if file != "" {
		if err := Replace(file, name, text.String()); err != nil {
			return err
		}
	}
	_, err := fmt.Println(text.String())
	return err
}

// Replace puts text into a document in place of what stands between the two marks of name, which are lines that say
// <!-- name: begin --> and <!-- name: end -->.
func Replace(file, name, text string) error {
	begin, end := mark(name, "begin"), mark(name, "end")
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(document, []byte(begin))
	_, after, ends := bytes.Cut(rest, []byte(end))
	if !begins || !ends {
		return fmt.Errorf("%s has no lines %q and %q", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(string(before)+begin+text+end+string(after)), 0o644)
}

func mark(name, what string) string { return fmt.Sprintf("<!-- %s: %s -->\n", name, what) }
