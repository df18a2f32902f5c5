package tui

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

var nan = math.NaN()

func laneOf(i int) stats.Lane { return stats.Lane(i) }

// newPanels makes one panel for each slot.
func newPanels(keys *keyMap) [numSlots]panel {
	var p [numSlots]panel
	p[slotHeader] = &headerPanel{}
	p[slotEager] = &lanePanel{lane: stats.Eager}
	p[slotOptimized] = &lanePanel{lane: stats.Optimized}
	p[slotVerdict] = &verdictPanel{}
	p[slotTimeline] = &timelinePanel{}
	p[slotEvents] = &eventsPanel{}
	p[slotAllEvents] = &eventsPanel{full: true}
	p[slotGPU] = &gpuPanel{}
	p[slotFullGPU] = &gpuPanel{full: true}
	p[slotTail] = &tailPanel{}
	p[slotStatus] = &statusPanel{}
	p[slotFooter] = &footerPanel{keys: keys}
	p[slotStart] = &startPanel{}
	p[slotTiny] = &tinyPanel{}
	p[slotHelp] = &helpPanel{keys: keys}
	p[slotScenarios] = &scenariosPanel{listPanel{slot: slotScenarios}}
	p[slotQuantiles] = &quantilesPanel{listPanel{slot: slotQuantiles}}
	p[slotDelta] = &deltaPanel{}
	p[slotCauses] = &causesPanel{listPanel{slot: slotCauses}}
	p[slotDetectors] = &detectorsPanel{listPanel{slot: slotDetectors}}
	p[slotShapes] = &shapesPanel{listPanel{slot: slotShapes}}
	p[slotGauges] = &gaugesPanel{}
	p[slotAdvisor] = &advisorPanel{listPanel{slot: slotAdvisor}}
	p[slotSegments] = &segmentsPanel{listPanel{slot: slotSegments}}
	p[slotAdvice] = &advicePanel{listPanel{slot: slotAdvice}}
	p[slotSelf] = &selfPanel{}
	return p
}

// compose lays the panels out and joins their lines into one frame.
func (m *model) compose() string {
	if m.w < 1 || m.h < 1 {
		return ""
	}
	state := m.layoutState()
	m.sc.waiting = state.start
	m.sc.low = m.h < 50
	state.verdict = m.verdictLines()
	m.lay = arrange(m.w, m.h, state)
	m.sc.compact, m.sc.statusRow = m.lay.compact, m.h >= 30 || state.replay && m.h >= 8
	m.keepFocus()
	rows := m.freshRows()
	for _, pl := range m.lay.places {
		p := m.panels[pl.slot]
		p.setSize(pl.r.Dx(), pl.r.Dy())
		p.setFocus(pl.slot == m.focus && m.focusable() > 1)
		y := pl.r.Min.Y
		for s := range strings.SplitSeq(p.view(), "\n") {
			if y < pl.r.Max.Y {
				rows[y].put(pl.r.Min.X, s, pl.r.Dx())
			}
			y++
		}
	}
	m.buf = m.buf[:0]
	for y := range rows {
		if y > 0 {
			m.buf = append(m.buf, '\n')
		}
		rows[y].to(m.w)
		m.buf = append(m.buf, rows[y].b...)
	}
	if m.o.Plain {
		return asciiOnly(string(m.buf))
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

func (r *rowBuf) to(x int) {
	if n := x - r.w; n > 0 {
		r.b = append(r.b, spaces(n)...)
		r.w = x
	}
}

// put appends s, w cells wide, at column x.
func (r *rowBuf) put(x int, s string, w int) {
	r.to(x)
	r.b = append(r.b, s...)
	r.w += w
}

func (m *model) layoutState() layoutState {
	v := m.sc.v
	return layoutState{
		screen: m.sc.screen, help: m.help, want: wants(v, m.w, m.sc.compact),
		start:  !m.sc.started() && (v.Phase == "" || v.Phase == view.PhaseStarting || v.Phase == view.PhaseFailed),
		replay: v.Replay != nil,
		noGPU:  v.GPU.Why != "" || v.GPU.Name == "",
	}
}

// wants is the height at which each list shows all it has.
func wants(v *view.View, width int, compact bool) (w [numSlots]int) {
	frame, inner := 2, width-4
	if compact {
		frame, inner = 1, width
	}
	s := &v.Stats
	causes := 0
	for i := range s.Lanes {
		causes += 1 + len(s.Lanes[i].Causes)
	}
	advice := 2
	for _, a := range s.Verdict.Advice {
		advice += 2 + len(a.Evidence)
	}
	w[slotScenarios] = frame + 1 + len(s.Scenarios)
	w[slotQuantiles] = frame + 1 + shownRows(&s.Lanes[0].Segment, &s.Lanes[1].Segment)
	w[slotCauses] = frame + 1 + causes
	w[slotDetectors] = frame + 1
	for i := range s.Detectors {
		w[slotDetectors] += max(1, len(findingLines(s.Detectors[i].Sentence, inner)))
	}
	w[slotShapes] = frame + 1 + len(s.Shapes)
	w[slotGauges] = frame + len(s.Gauges)
	w[slotAdvisor] = frame + 1 + len(s.Advisor)
	w[slotSegments] = frame + 1 + len(s.Segments)
	w[slotAdvice] = frame + advice
	w[slotFullGPU], w[slotSelf] = frame+11, frame+13
	if v.GPU.Why != "" {
		w[slotFullGPU] = frame + 1
	}
	return w
}

// verdictLines is how many lines the verdict takes. It only grows until the
// screen is resized, so that the panels below do not jump with the wording.
func (m *model) verdictLines() int {
	if m.verdictW != m.w {
		m.verdictW, m.verdictH = m.w, 0
	}
	p := verdictPanel{pane{sc: &m.sc}}
	score, sentence, pairs, most := p.score(m.w-4, 0), p.sentence(), 2, 5
	if m.sc.low {
		pairs, most = 1, 4 // the timeline needs the rows more
		if len(score) > 0 {
			sentence = secondSentence(sentence)
		}
	}
	n := len(score) + len(wrap(sentence, m.w-4, 3)) + len(p.pairLines(m.w-4, pairs, 0))
	m.verdictH = max(m.verdictH, min(n, most))
	return m.verdictH
}

// keepFocus moves the focus to a panel that is shown: the events where they
// are, else the first list.
func (m *model) keepFocus() {
	first, events := slot(-1), slot(-1)
	for _, p := range m.lay.places {
		if p.slot == m.focus {
			return
		}
		if takesFocus(p.slot) && first < 0 {
			first = p.slot
		}
		if p.slot == slotEvents && m.sc.screen == 1 {
			events = p.slot
		}
	}
	switch {
	case events >= 0:
		m.focus = events
	case first >= 0:
		m.focus = first
	}
}

// focusable counts the places that take the focus.
func (m *model) focusable() int {
	n := 0
	for _, p := range m.lay.places {
		if takesFocus(p.slot) {
			n++
		}
	}
	return n
}

func takesFocus(s slot) bool {
	switch s {
	case slotHeader, slotStatus, slotFooter, slotStart, slotTiny, slotHelp, slotVerdict, slotTail:
		return false
	}
	return true
}
