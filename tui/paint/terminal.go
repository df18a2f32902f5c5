package paint

import (
	"bytes"
	"io"
	"sync"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
)

// Terminal is a program's output that frames are painted on while the alternate
// screen is there. It may be used by several goroutines.
type Terminal struct {
	mu     sync.Mutex
	out    io.Writer
	screen Screen
	frame  string
	w, h   int
	on     bool // the alternate screen is there
	sync   bool // the terminal shows what stands between two marks at once
	buf    []byte
}

// NewTerminal paints on out.
func NewTerminal(out io.Writer) *Terminal { return &Terminal{out: out} }

// Output is what others write to; where out was a terminal's file, it is one.
func (t *Terminal) Output() io.Writer {
	if f, ok := t.out.(term.File); ok {
		return file{t, f}
	}
	return t
}

// file is a terminal's file, of which what is written passes t.
type file struct {
	*Terminal
	f term.File
}

func (f file) Read(p []byte) (int, error) { return f.f.Read(p) }
func (f file) Close() error               { return f.f.Close() }
func (f file) Fd() uintptr                { return f.f.Fd() }

// Enter goes to the alternate screen, and asks the terminal a question there;
// what others write to go there again is left out.
func (t *Terminal) Enter(question string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := io.WriteString(t.out, ansi.SetModeAltScreenSaveCursor+ansi.ResetModeTextCursorEnable+question)
	if t.on = err == nil; t.on && t.frame != "" {
		t.screen.Forget()
		_ = t.paint()
	}
}

// Leave goes back, if nobody else has.
func (t *Terminal) Leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		_, _ = io.WriteString(t.out, ansi.ResetModeAltScreenSaveCursor+ansi.SetModeTextCursorEnable)
	}
	t.on = false
}

// Write passes p on and paints what it may have wiped.
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := p
	if t.on {
		out = bytes.ReplaceAll(p, []byte(ansi.SetModeAltScreenSaveCursor), nil)
	}
	n, err := t.out.Write(out)
	if err == nil {
		n = len(p)
	}
	if in, out := bytes.LastIndex(p, []byte(ansi.SetModeAltScreenSaveCursor)), bytes.LastIndex(p, []byte(ansi.ResetModeAltScreenSaveCursor)); in != out {
		t.on = in > out
	}
	if err == nil && t.on {
		t.screen.Forget()
		err = t.paint()
	}
	return n, err
}

// Synchronized tells that the terminal knows how to show a frame at once.
func (t *Terminal) Synchronized() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sync = true
}

// Show makes frame, w×h cells, what the terminal shows. An error of the terminal
// is left to who waits for it: there is nobody to show it to.
func (t *Terminal) Show(frame string, w, h int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frame, t.w, t.h = frame, w, h
	if t.on {
		_ = t.paint()
	}
}

func (t *Terminal) paint() error {
	t.buf = t.buf[:0]
	if t.sync {
		t.buf = append(t.buf, ansi.SetModeSynchronizedOutput...)
	}
	begin := len(t.buf)
	t.buf = t.screen.Paint(t.buf, t.frame, t.w, t.h)
	if len(t.buf) == begin {
		return nil
	}
	if t.sync {
		t.buf = append(t.buf, ansi.ResetModeSynchronizedOutput...)
	}
	_, err := t.out.Write(t.buf)
	return err
}
