package tui

import (
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// compose lays the panels out and joins their lines into one frame.
func (m *model) compose() string {
	if m.w < 1 || m.h < 1 {
		return ""
	}
	state := m.layoutState()
	m.sc.Waiting = state.start
	m.sc.Low = m.h < 50
	state.verdict = m.verdictLines()
	m.lay = arrange(m.w, m.h, state)
	m.sc.Compact, m.sc.StatusRow = m.lay.compact, m.h >= 30 || state.replay && m.h >= 8
	m.keepFocus()
	rows, several := m.freshRows(), len(m.focusable()) > 1
	for _, pl := range m.lay.places {
		p := m.panels[pl.slot]
		p.SetSize(pl.r.Dx(), pl.r.Dy())
		p.SetFocus(pl.slot == m.focus && several)
		y := pl.r.Min.Y
		for s := range strings.SplitSeq(p.View(), "\n") {
			if y < pl.r.Max.Y {
				rows[y].Put(pl.r.Min.X, s, pl.r.Dx())
			}
			y++
		}
	}
	m.buf = m.buf[:0]
	for y := range rows {
		if y > 0 {
			m.buf = append(m.buf, '\n')
		}
		rows[y].To(m.w)
		m.buf = append(m.buf, rows[y].b...)
	}
	if m.sc.ASCII {
		return draw.AsciiOnly(string(m.buf))
	}
	return string(m.buf)
}

// freshRows are the screen's rows, empty, in the memory of the last frame.
func (m *model) freshRows() []rowBuf {
	for len(m.rows) < m.h {
		m.rows = append(m.rows, rowBuf{})
	}
	rows := m.rows[:m.h]
	for y := range rows {
		rows[y] = rowBuf{b: rows[y].b[:0]}
	}
	return rows
}

// rowBuf collects one row of the screen; its memory is used again for the
// next frame.
type rowBuf struct {
	b []byte
	w int
}

func (r *rowBuf) To(x int) {
	if n := x - r.w; n > 0 {
		r.b = append(r.b, draw.Spaces(n)...)
		r.w = x
	}
}

// Put appends s, w cells wide, at column x.
func (r *rowBuf) Put(x int, s string, w int) {
	r.To(x)
	r.b = append(r.b, s...)
	r.w += w
}

func (m *model) layoutState() layoutState {
	v := m.sc.V
	return layoutState{
		screen: m.sc.Screen, help: m.help, output: m.output, found: m.found, prompt: promptRows(&m.sc), want: m.wants(),
		start:  !m.sc.Started() && (v.Phase == "" || v.Phase == view.PhaseStarting || v.Phase == view.PhaseFailed),
		replay: v.Replay != nil,
		noGPU:  v.GPU.Why != "" || v.GPU.Name == "",
	}
}

// wants is the height at which each panel shows all it has.
func (m *model) wants() []int {
	frame, inner := 2, m.w-4
	if m.sc.Compact {
		frame, inner = 1, m.w
	}
	out := make([]int, len(panels.Descs))
	for i, d := range panels.Descs {
		switch {
		case d.Want != nil:
			out[i] = frame + d.Want(&m.sc, inner)
		case d.Rows != nil:
			out[i] = frame + 1 + d.Rows(&m.sc)
		}
	}
	return out
}

// verdictLines is how many lines the verdict takes: who wins, the sentence, the
// cure, the pairs. It does not depend on the wording, so that nothing jumps.
func (m *model) verdictLines() int {
	n := 2 + panels.SentenceLines(m.w-4)
	if !m.sc.Low {
		n++
	}
	return n
}

// keepFocus moves the focus to a panel that is shown: the verdict where it
// is, else the first list.
func (m *model) keepFocus() {
	switch shown := m.focusable(); {
	case len(shown) == 0 || slices.Contains(shown, m.focus):
	case m.sc.Screen == 1 && slices.Contains(shown, panels.SlotVerdict):
		m.focus = panels.SlotVerdict
	default:
		m.focus = shown[0]
	}
}

// focusable are the panels on the screen that take the focus.
func (m *model) focusable() (out []panels.Slot) {
	for _, p := range m.lay.places {
		if panels.Descs[p.slot].Focus {
			out = append(out, p.slot)
		}
	}
	return out
}

// promptRows is 0 while nothing is typed, else 1 and the rows that match.
func promptRows(sc *panels.Scene) int {
	if !sc.Prompt.On {
		return 0
	}
	return 1 + min(len(sc.Prompt.Rows), 14)
}
