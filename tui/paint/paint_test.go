package paint

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/gdamore/tcell/v3/vt"

	"github.com/tailscope/tailscope/internal/must"
)

// pieces of which random lines are made: colours, ASCII, boxes, wide and joined
// characters, combining marks, and what must not reach a terminal.
var pieces = []string{"a", "b", " ", " ", "p99 12.5 ms", "│", "▀", "◆", "⣿", "é", "e\u0301", "日本", "👩‍🔧", "🎉", "\x1b[m", "\x1b[1m", "\x1b[38;5;75m", "\x1b[0;48;5;3m",
	"\x1b[2J", "\x1b[5;5H", "\t", "\a"}

func randomFrame(r *rand.Rand, w, h int) string {
	var lines []string
	for range h {
		var b strings.Builder
		for ansi.StringWidth(b.String()) < w && r.IntN(30) > 0 {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		lines = append(lines, b.String()+"\x1b[m")
	}
	return strings.Join(lines, "\n")
}

// change alters some lines of a frame, in one place each.
func change(r *rand.Rand, frame string, w int) string {
	lines := strings.Split(frame, "\n")
	for range r.IntN(3) {
		lines[r.IntN(len(lines))] = randomFrame(r, w, 1)
	}
	for range r.IntN(3) {
		y := r.IntN(len(lines))
		lines[y] = strings.Replace(lines[y], "a", "c", 1)
	}
	return strings.Join(lines, "\n")
}

type terminalOf struct {
	vt.MockTerm
	w, h int
}

func newTerminal(t *testing.T, w, h int) terminalOf {
	t.Helper()
	m := vt.NewMockTerm(vt.MockOptSize{X: vt.Col(w), Y: vt.Row(h)})
	must.OK(t, m.Start())
	t.Cleanup(func() { _ = m.Close() })
	return terminalOf{m, w, h}
}

// cells are what stands on the terminal, content and colours.
func (m terminalOf) cells() (out []string) {
	for y := range m.h {
		for x := range m.w {
			c := m.GetCell(vt.Coord{X: vt.Col(x), Y: vt.Row(y)})
			if c.C == "" {
				c.C = " "
			}
			out = append(out, fmt.Sprintf("%q %v", c.C, c.S))
		}
	}
	return out
}

// Frame after frame, a terminal shows what one that is painted anew shows.
func TestDifferencesAddUpToTheFrame(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		w, h := 1+r.IntN(60), 1+r.IntN(12)
		term, s, frame := newTerminal(t, w, h), &Screen{}, randomFrame(r, w, h)
		for range 20 {
			_, _ = term.Write(s.Paint(nil, frame, w, h))
			fresh := newTerminal(t, w, h)
			_, _ = fresh.Write((&Screen{}).Paint(nil, frame, w, h))
			got, want := term.cells(), fresh.cells()
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("seed %d, %dx%d, row %d, column %d: %s, want %s\n%q", seed, w, h, i/w, i%w, got[i], want[i], frame)
				}
			}
			if b := s.Paint(nil, frame, w, h); len(b) > 0 {
				t.Fatalf("the same frame again takes %q", b)
			}
			frame = change(r, frame, w)
		}
	}
}

// The text of a frame painted anew is the frame's, in its colours.
func TestPaintsTheFrame(t *testing.T) {
	term := newTerminal(t, 10, 3)
	_, _ = term.Write((&Screen{}).Paint(nil, "ab\x1b[1mc\x1b[m日x\n\x1b[38;5;75m◆\x1b[m", 10, 3))
	want := []string{"a", "b", "c", "日", "", "x"}
	for x, c := range want {
		got := term.GetCell(vt.Coord{X: vt.Col(x)})
		if got.C != c && !(c == "" && got.C == " ") {
			t.Errorf("column %d: %q, want %q", x, got.C, c)
		}
		if bold := got.S.Attr()&vt.Bold != 0; bold != (x == 2) {
			t.Errorf("column %d: bold is %v", x, bold)
		}
	}
	c, blank := term.GetCell(vt.Coord{Y: 1}), term.GetCell(vt.Coord{Y: 2})
	if c.C != "◆" || c.S.Fg() == blank.S.Fg() {
		t.Errorf("the second line begins with %q in %v", c.C, c.S)
	}
}

// What a terminal may see wider than we do is told where the next character is.
func TestLooseCharactersAreAnchored(t *testing.T) {
	if got := string((&Screen{}).Paint(nil, "日x", 4, 1)); !strings.Contains(got, "日\x1b[1;3Hx") {
		t.Errorf("%q", got)
	}
}

// What Bubble Tea writes passes as it is; frames come only between entering and
// leaving the alternate screen, and again after whatever may have wiped them.
func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	term := NewTerminal(&out)
	o := term.Output()
	take := func() string { defer out.Reset(); return out.String() }
	term.Show("one", 5, 1)
	if got := take(); got != "" {
		t.Errorf("before the alternate screen: %q", got)
	}
	_, _ = o.Write([]byte("\x1b[?1049h"))
	if got := take(); !strings.HasPrefix(got, "\x1b[?1049h") || !strings.Contains(got, "one") {
		t.Errorf("as it comes: %q", got)
	}
	term.Show("one", 5, 1)
	if got := take(); got != "" {
		t.Errorf("the same frame: %q", got)
	}
	term.Leave()
	if got := take(); !strings.HasPrefix(got, "\x1b[?1049l") {
		t.Errorf("left: %q", got)
	}
	if term.Leave(); take() != "" {
		t.Error("left twice")
	}
	term.Enter("?")
	if got := take(); !strings.HasPrefix(got, "\x1b[?1049h") || !strings.Contains(got, "?") || !strings.Contains(got, "one") {
		t.Errorf("entered: %q", got)
	}
	if n, err := o.Write([]byte("\x1b[?1049h\x1b[?1002h")); n != len("\x1b[?1049h\x1b[?1002h") || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := take(); strings.Contains(got, "1049") || !strings.HasPrefix(got, "\x1b[?1002h") {
		t.Errorf("entered twice: %q", got)
	}
	term.Synchronized()
	term.Show("two", 5, 1)
	if got := take(); !strings.HasPrefix(got, "\x1b[?2026h") || !strings.Contains(got, "tw") || !strings.HasSuffix(got, "\x1b[?2026l") {
		t.Errorf("between two marks: %q", got)
	}
	_, _ = o.Write([]byte("\x1b[2J"))
	if got := take(); !strings.Contains(got, "two") {
		t.Errorf("after it was wiped: %q", got)
	}
	_, _ = o.Write([]byte("\x1b[?1049l"))
	term.Show("three", 5, 1)
	if got := take(); got != "\x1b[?1049l" {
		t.Errorf("after the end: %q", got)
	}
}
