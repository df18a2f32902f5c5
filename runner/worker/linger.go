package worker

import (
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
)

// linger decides how long the reader of a worker's lines waits before it looks
// for more. An engine that writes a line a sample would wake this process for
// each; while it has requests in hand, its next lines can wait in the pipe for
// a few milliseconds and be taken together. What samples say does not change:
// the engine's clock is in the lines, and they stay in order. The engine does
// not wait either: at the pace of its last samples the pause is half of what
// the requests in its hand take, and an engine that takes one request at a
// time is read at once.
type linger struct {
	credit int                 // requests the worker accepts ahead
	starts [lingerMemory]int64 // of the last samples, ns, a ring
	n      int
	lines  int       // since window began
	reads  int       // of them, how often this process was woken
	window time.Time // when counting began
	busy   bool      // lines woke it often, and come often since
}

const (
	longestLinger  = 10 * time.Millisecond
	shortestLinger = time.Millisecond // a sleep costs as much as a line
	lingerMemory   = 64               // samples
	lingerWindow   = 100 * time.Millisecond
	lingerLines    = 10 // in a window: fewer cost nothing
)

// take notes a message that has come at now.
func (l *linger) take(msg any, now time.Time) {
	if now.Sub(l.window) > lingerWindow {
		l.busy = l.lines >= lingerLines && (l.busy || l.reads >= lingerLines) && now.Sub(l.window) < 2*lingerWindow
		l.window, l.lines, l.reads = now, 0, 0
	}
	l.lines++
	switch m := msg.(type) {
	case *protocol.Hello:
		l.credit = m.Credit
	case *protocol.Batch:
		for _, ns := range m.StartNs {
			l.starts[l.n%lingerMemory] = ns
			l.n++
		}
	case *protocol.Flushed:
		l.n = 0 // the pace may be another from here
	}
}

// pause is asked when all that came together is taken: how long the worker's
// next lines can wait; 0: read on at once.
func (l *linger) pause() time.Duration {
	l.reads++
	if !l.busy || l.n < lingerMemory || l.credit < 2 {
		return 0
	}
	d := l.pace() * time.Duration(l.credit-1) / 2
	if d < shortestLinger {
		return 0
	}
	return min(d, longestLinger)
}

// pace is the mean time from one of the last samples to the next, without the
// longest: a compile says nothing about the request after it. A request is one
// sample or two, so it takes that long at least.
func (l *linger) pace() time.Duration {
	var sum, longest int64
	for i := 1; i < lingerMemory; i++ {
		d := l.starts[(l.n+i)%lingerMemory] - l.starts[(l.n+i-1)%lingerMemory]
		sum, longest = sum+d, max(longest, d)
	}
	return time.Duration(sum-longest) / (lingerMemory - 2)
}
