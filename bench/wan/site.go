//go:build linux

package wan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// mtu is the longest packet, as on an Ethernet.
const mtu = 1500

// Site is one end of a link: a network namespace, with a device whose packets the link carries.
type Site struct {
	Addr string // its address, for the other site and for itself

	work     chan func()
	device   *os.File
	received atomic.Int64
}

// newSite makes a site with an address, and one for the other site.
func newSite(addr, peer string) (*Site, error) {
	s := &Site{Addr: addr, work: make(chan func())}
	entered := make(chan error)
	go s.serve(entered)
	if err := <-entered; err != nil {
		return nil, fmt.Errorf("new network namespace: %w", err)
	}
	if err := s.Do(func() error { return s.connect(peer) }); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// serve does the work of a site, on a thread of its own that is in its namespace. Both end with it.
func (s *Site) serve(entered chan<- error) {
	runtime.LockOSThread() // and no unlock: another goroutine would be in the namespace
	err := unix.Unshare(unix.CLONE_NEWNET)
	entered <- err
	if err != nil {
		return
	}
	for do := range s.work {
		do()
	}
}

// Do calls a function at the site: sockets that it opens, and processes that it starts, are there. It must not end the
// goroutine.
func (s *Site) Do(f func() error) error {
	done := make(chan error)
	s.work <- func() { done <- f() }
	return <-done
}

// connect makes the device.
func (s *Site) connect(peer string) error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open /dev/net/tun: %w", err)
	}
	const name = "wan"
	request, err := unix.NewIfreq(name)
	if err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return errors.Join(fmt.Errorf("make device %s: %w", name, err), unix.Close(fd))
	}
	s.device = os.NewFile(uintptr(fd), name)
	for _, command := range []string{
		"link set lo up",
		"address add " + s.Addr + " peer " + peer + " dev " + name,
		fmt.Sprintf("link set %s mtu %d txqueuelen 10000 up", name, mtu),
	} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, out)
		}
	}
	return nil
}

// deliver gives the site a packet. One that it does not take is lost.
func (s *Site) deliver(data []byte) {
	if n, err := s.device.Write(data); err == nil {
		s.received.Add(int64(n))
	}
}

// Received returns how many bytes of packets came to the site so far.
func (s *Site) Received() int64 { return s.received.Load() }

func (s *Site) close() error {
	close(s.work)
	if s.device == nil {
		return nil
	}
	return s.device.Close()
}
