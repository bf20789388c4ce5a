//go:build linux

package wan

import (
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestLink sends a megabyte there, and gets a byte back: never sooner than the line allows.
func TestLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can lay a link")
	}
	const (
		rate  = 4 << 20
		delay = 20 * time.Millisecond
		size  = 1 << 20
	)
	link, err := Lay(rate, delay)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	}()
	listener := listen(t, link.Far)
	defer listener.Close()
	go echoLast(listener, size)

	conn := dial(t, link.Near, listener.Addr().String())
	defer conn.Close()
	began := time.Now()
	if _, err := conn.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if took, least := time.Since(began), time.Second*size/rate+2*delay; took < least {
		t.Errorf("it took %v, the line needs %v", took, least)
	}
	if got := link.Far.Received(); got < size {
		t.Errorf("%d bytes were received, of %d", got, size)
	}
}

func listen(t *testing.T, at *Site) (listener net.Listener) {
	t.Helper()
	if err := at.Do(func() (err error) {
		listener, err = net.Listen("tcp4", at.Addr+":0")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return listener
}

func dial(t *testing.T, from *Site, addr string) (conn net.Conn) {
	t.Helper()
	if err := from.Do(func() (err error) {
		conn, err = net.Dial("tcp4", addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return conn
}

// echoLast reads so many bytes of a connection and sends one.
func echoLast(listener net.Listener, size int64) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.CopyN(io.Discard, conn, size); err == nil {
		_, _ = conn.Write([]byte{1})
	}
}
