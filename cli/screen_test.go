//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/gdamore/tcell/v3/vt"

	"github.com/tailscope/tailscope/internal/must"
)

// screen runs a program in a pseudo-terminal and shows what a user would see.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	mu   sync.Mutex
	term vt.MockTerm
	raw  []byte
	size vt.Coord
	done chan struct{}
	err  error
}

// newScreen starts the program in a terminal of cols × rows.
func newScreen(t *testing.T, cols, rows int, cmd *exec.Cmd) *screen {
	t.Helper()
	s := &screen{t: t, cmd: cmd, done: make(chan struct{}), size: vt.Coord{X: vt.Col(cols), Y: vt.Row(rows)}}
	s.term = vt.NewMockTerm(vt.MockOptSize(s.size))
	must.OK(t, s.term.Start())
	f := must.Get(pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}))(t)
	s.pty = f
	go s.answer()
	go s.read()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
		_ = f.Close()
		if t.Failed() {
			t.Logf("the screen at the end:\n%s", s.text())
		}
	})
	return s
}

// read feeds the program's output to the terminal until it ends.
func (s *screen) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.pty.Read(buf)
		if n > 0 {
			s.mu.Lock()
			s.raw = append(s.raw, buf[:n]...)
			_, _ = s.term.Write(buf[:n])
			s.mu.Unlock()
		}
		if err != nil {
			s.err = s.cmd.Wait()
			close(s.done)
			return
		}
	}
}

// answer passes the terminal's replies to queries back to the program.
func (s *screen) answer() {
	buf := make([]byte, 4096)
	for {
		n, err := s.term.Read(buf)
		if n > 0 {
			_, _ = s.pty.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// text is what stands on the screen.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for y := range s.size.Y {
		var line strings.Builder
		for x := vt.Col(0); x < s.size.X; x++ {
			c := s.term.GetCell(vt.Coord{X: x, Y: y})
			if c.C == "" {
				line.WriteByte(' ')
			} else {
				line.WriteString(c.C)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// until waits for the screen to satisfy ok.
func (s *screen) until(what string, limit time.Duration, ok func(text string) bool) string {
	s.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		text := s.text()
		if ok(text) {
			return text
		}
		select {
		case <-s.done:
			s.t.Fatalf("the program ended (%v) before: %s\n%s", s.err, what, tail(s.raw))
		case <-time.After(30 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// keys types.
func (s *screen) keys(k string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(k); err != nil {
		s.t.Fatal(err)
	}
}

// ended waits for the program's end.
func (s *screen) ended(limit time.Duration) error {
	s.t.Helper()
	select {
	case <-s.done:
		return s.err
	case <-time.After(limit):
		s.t.Fatalf("the program has not ended within %v", limit)
		return nil
	}
}

func tail(b []byte) string {
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(b)
}
