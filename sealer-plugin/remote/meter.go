package remote

import "sync/atomic"

// Traffic is what went over the wire: requests, and the bytes of their bodies. Of a layout or an archive it is the
// bytes written and read, and no requests.
type Traffic struct {
	Requests int64 // HTTP requests, retries, redirects and token requests included
	Sent     int64 // bytes
	Received int64 // bytes
}

// Meter counts the traffic of all sources and targets that were opened with it. Its zero value is ready, and it is
// safe for concurrent use.
type Meter struct {
	requests, sent, received atomic.Int64
}

// Snapshot returns the traffic so far.
func (m *Meter) Snapshot() Traffic {
	return Traffic{Requests: m.requests.Load(), Sent: m.sent.Load(), Received: m.received.Load()}
}
