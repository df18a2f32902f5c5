package worker

import (
	"bytes"
	"io"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/protocol"
)

// sender writes to the worker's stdin. Its owner never waits on a busy worker:
// what the pipe does not take at once goes to a goroutine that does wait.
// After a broken pipe everything is discarded: the worker's exit tells the
// rest.
type sender struct {
	in     io.WriteCloser
	raw    syscall.RawConn // of in; nil: every write is the goroutine's
	enc    *protocol.Writer
	buf    bytes.Buffer // lines that post writes
	late   chan []byte  // for the goroutine; nil closes in
	behind atomic.Int64 // chunks in late that are not written; only the owner adds
	done   <-chan struct{}
	broken atomic.Bool
}

// lateQueue bounds what may wait for the goroutine: more than any credit.
const lateQueue = 8192

func (s *sender) start(in io.WriteCloser, done <-chan struct{}) {
	s.in, s.done, s.late = in, done, make(chan []byte, lateQueue)
	s.enc = protocol.NewWriter(&s.buf)
	if c, ok := in.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	guard.Go("the writer to the worker", s.write)
}

// send adds a message to what the next post writes.
func (s *sender) send(msg any) {
	if s.enc.Queue(msg) != nil {
		s.broken.Store(true)
	}
}

// post writes what was sent since the last one.
func (s *sender) post() {
	_ = s.enc.Flush() // into memory
	b := s.buf.Bytes()
	if len(b) > 0 && !s.broken.Load() && s.raw != nil && s.behind.Load() == 0 {
		n, err := writeNow(s.raw, b)
		if b = b[n:]; err != nil {
			s.broken.Store(true)
		}
	}
	if len(b) > 0 && !s.broken.Load() {
		s.wait(slices.Clone(b))
	}
	s.buf.Reset()
}

// closeInput closes the worker's stdin after everything that was sent.
func (s *sender) closeInput() {
	s.post()
	s.wait(nil)
}

func (s *sender) wait(b []byte) {
	s.behind.Add(1)
	select {
	case s.late <- b:
	case <-s.done:
	}
}

// write writes what had to wait.
func (s *sender) write() {
	for {
		select {
		case b := <-s.late:
			if b == nil {
				_ = s.in.Close()
			} else if !s.broken.Load() {
				if _, err := s.in.Write(b); err != nil {
					s.broken.Store(true)
				}
			}
			s.behind.Add(-1)
		case <-s.done:
			return
		}
	}
}
