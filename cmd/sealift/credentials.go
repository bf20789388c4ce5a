package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds what is read from standard input, in bytes.
const maxPassword = 64 << 10

// credentials completes what the flags gave: from standard input, or by asking.
func (c *cli) credentials(user string, passwordStdin bool) (name, password string, err error) {
	switch _, ok := terminal(c.stdin); {
	case passwordStdin:
		password, err = readPassword(c.stdin)
	case !ok:
		return "", "", usageErrorf("standard input is no terminal to ask on: give --username and --password-stdin")
	default:
		user, password, err = c.askCredentials(user)
	}
	if err == nil && (user == "" || password == "") {
		err = errors.New("user name and password must not be empty")
	}
	return user, password, err
}

// readPassword reads all of r, without the line end that echo and editors put there.
func readPassword(r io.Reader) (string, error) {
	secret, err := io.ReadAll(io.LimitReader(r, maxPassword+1))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if len(secret) > maxPassword {
		return "", fmt.Errorf("the password on standard input is longer than %d bytes", maxPassword)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(secret), "\n"), "\r"), nil
}

// askCredentials asks on the terminal for the password, which is not shown, and for the user name if there is none yet.
func (c *cli) askCredentials(user string) (name, password string, err error) {
	fd, _ := terminal(c.stdin)
	before, err := term.GetState(fd)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = term.Restore(fd, before) }() // an interrupted password would leave the terminal mute
	if user == "" {
		user, err = c.ask("Username: ", func() (string, error) {
			line, err := bufio.NewReader(c.stdin).ReadString('\n')
			c.screen.answered()
			return strings.TrimSpace(line), err
		})
		if err != nil {
			return "", "", err
		}
	}
	password, err = c.ask("Password: ", func() (string, error) {
		secret, err := term.ReadPassword(fd)
		c.screen.hidden()
		return string(secret), err
	})
	return user, password, err
}

// ask prints the prompt and reads the answer. An interrupt ends it, although the read goes on.
func (c *cli) ask(prompt string, read func() (string, error)) (string, error) {
	c.screen.ask(prompt)
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		if errors.Is(a.err, io.EOF) {
			a.err = errors.New("no answer")
		}
		return a.text, a.err
	case <-c.ctx.Done():
		c.screen.hidden()
		return "", context.Cause(c.ctx)
	}
}
