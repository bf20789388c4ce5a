//go:build linux

// Package wan lays a link between two sites on one machine, for tests and benchmarks: two network namespaces, and packets that go
// from one to the other as fast as the link lets them. It needs root, /dev/net/tun and the command ip, but nothing of the
// kernel that shapes traffic.
package wan

import (
	"errors"
	"sync"
	"time"
)

// Link is a link between two sites. What is sent is as late at the other one as it is on a line of that rate and length.
type Link struct {
	Near, Far *Site

	rate  int64
	delay time.Duration
	lines sync.WaitGroup
}

// maxQueue is how long a packet may wait for those before it. If it had to wait for longer, it is lost.
const maxQueue = 100 * time.Millisecond

// Lay lays a link that has a rate, in bytes a second, and a delay each way: the answer to a packet comes after two of them.
func Lay(rate int64, delay time.Duration) (*Link, error) {
	near, err := newSite("10.99.0.1", "10.99.0.2")
	if err != nil {
		return nil, err
	}
	far, err := newSite("10.99.0.2", "10.99.0.1")
	if err != nil {
		return nil, errors.Join(err, near.close())
	}
	l := &Link{Near: near, Far: far, rate: rate, delay: delay}
	l.lines.Go(func() { l.carry(near, far) })
	l.lines.Go(func() { l.carry(far, near) })
	return l, nil
}

// Close takes the link away, and the sites. Nothing may be going on at them.
func (l *Link) Close() error {
	err := errors.Join(l.Near.close(), l.Far.close())
	l.lines.Wait()
	return err
}

// packet is one on its way.
type packet struct {
	data    []byte
	arrives time.Time
}

// carry takes packets from one site to the other, until the first is closed.
func (l *Link) carry(from, to *Site) {
	way := make(chan packet, 1<<16)
	l.lines.Go(func() {
		for p := range way {
			time.Sleep(time.Until(p.arrives))
			to.deliver(p.data)
		}
	})
	defer close(way)
	free := time.Now() // when the line is
	for {
		data := make([]byte, mtu)
		n, err := from.device.Read(data)
		if err != nil {
			return
		}
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if free.Sub(now) > maxQueue {
			continue
		}
		free = free.Add(time.Duration(int64(n) * int64(time.Second) / l.rate))
		way <- packet{data[:n], free.Add(l.delay)}
	}
}
