package openai

import (
	"context"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
)

// stamped is a connection that notes when bytes really left and came: net/http
// hands a request to one goroutine and its answer to another, which a busy
// machine adds to TTFT. It carries one request at a time (HTTP/1.1).
type stamped struct {
	net.Conn
	wroteNs, readNs atomic.Int64 // the first write since reset; the last read that brought something
}

func (c *stamped) Write(b []byte) (int, error) {
	c.wroteNs.CompareAndSwap(0, clock.Monotonic())
	return c.Conn.Write(b)
}

func (c *stamped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.readNs.Store(clock.Monotonic())
	}
	return n, err
}

// dialStamped is a transport's DialContext.
func dialStamped(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &stamped{Conn: c}, nil
}

// connOf takes note of the connection that a request gets; below TLS, what is
// encrypted has the times of its bytes. A request that goes out again on
// another connection begins anew.
func connOf(ctx context.Context, at *atomic.Pointer[stamped]) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		c := i.Conn
		if t, ok := c.(interface{ NetConn() net.Conn }); ok {
			c = t.NetConn()
		}
		if s, ok := c.(*stamped); ok {
			s.wroteNs.Store(0)
			at.Store(s)
		}
	}})
}
