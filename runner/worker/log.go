package worker

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// Log keeps the stderr of workers in a file of bounded size: the first half of
// what it may take stays as it is, the second holds the newest, overwritten
// from its beginning when it is full. What was dropped is counted there. Safe
// for concurrent use.
type Log struct {
	mu      sync.Mutex
	f       *os.File
	half    int64 // bytes
	n       int64 // written into the part in hand
	second  bool
	dropped int64
}

// NewLog writes to f, which it closes, at most limit bytes and a line.
func NewLog(f *os.File, limit int64) *Log { return &Log{f: f, half: max(limit/2, 4096)} }

// Write takes a piece of stderr. It never fails: a full disk must not keep a
// worker from running, the journal tells of it.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := p; len(rest) > 0; {
		if l.n >= l.half {
			l.turn()
		}
		piece := rest[:min(int64(len(rest)), l.half-l.n)]
		n, err := l.f.Write(piece)
		l.n += int64(n)
		if err != nil {
			break
		}
		rest = rest[len(piece):]
	}
	return len(p), nil
}

// turn begins the second half, or overwrites it.
func (l *Log) turn() {
	if l.second {
		l.dropped += l.n
		if l.f.Truncate(l.half) != nil {
			return
		}
		_, _ = l.f.Seek(l.half, io.SeekStart)
	}
	l.second, l.n = true, 0
	if l.dropped > 0 {
		n, _ := fmt.Fprintf(l.f, "\n… tailscope left out %d bytes of this log here …\n", l.dropped)
		l.n = int64(n)
	}
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
