package tui

import (
	"math"
	"strings"

	"tailscope/runner/view"
	"tailscope/stats"
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
	m.lay = arrange(m.w, m.h, state)
	m.sc.compact, m.sc.statusRow = m.lay.compact, m.h >= 30
	rows := make([]line, m.h)
	for y := range rows {
		rows[y].max = m.w
	}
	for _, pl := range m.lay.places {
		p := m.panels[pl.slot]
		if p == nil {
			continue
		}
		p.setSize(pl.r.Dx(), pl.r.Dy())
		p.setFocus(pl.slot == m.focus && m.focusable() > 1)
		for i, s := range strings.Split(p.view(), "\n") {
			if y := pl.r.Min.Y + i; y < m.h {
				rows[y].to(pl.r.Min.X).raw(s, pl.r.Dx())
			}
		}
	}
	var b strings.Builder
	b.Grow(m.w * m.h * 3)
	for y := range rows {
		if y > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(rows[y].String())
	}
	if m.o.Plain {
		return asciiOnly(b.String())
	}
	return b.String()
}

func (m *model) layoutState() layoutState {
	v := m.sc.v
	return layoutState{
		screen: m.sc.screen, help: m.help, want: wants(v, m.sc.compact),
		start: !m.sc.started() && (v.Phase == "" || v.Phase == view.PhaseStarting || v.Phase == view.PhaseFailed),
		noGPU: v.GPU.Why != "" || v.GPU.Name == "",
	}
}

// wants is the height at which each list shows all it has.
func wants(v *view.View, compact bool) (w [numSlots]int) {
	frame := 2
	if compact {
		frame = 1
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
	w[slotDetectors] = frame + 1 + len(s.Detectors)
	w[slotShapes] = frame + 1 + len(s.Shapes)
	w[slotGauges] = frame + len(s.Gauges)
	w[slotAdvisor] = frame + 1 + len(s.Advisor)
	w[slotSegments] = frame + 1 + len(s.Segments)
	w[slotAdvice] = frame + advice
	w[slotFullGPU], w[slotSelf] = frame+11, frame+13
	return w
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
	case slotHeader, slotStatus, slotFooter, slotStart, slotTiny, slotHelp, slotVerdict:
		return false
	}
	return true
}

// plainGlyphs stand in where only ASCII can be shown.
var plainGlyphs = strings.NewReplacer(
	"╭", "+", "╮", "+", "╰", "+", "╯", "+", "┏", "+", "┓", "+", "┗", "+", "┛", "+", "┤", "|", "┬", "+", "┊", ":",
	"─", "-", "│", "|", "━", "=", "┃", "|", "╌", "-", "╎", ":", "▁", ".", "▂", ".", "▃", ":", "▄", ":", "▅", "|", "▆", "|", "▇", "#", "█", "#", "▒", "%",
	"■", "#", "□", ".", "◇", "o", "◆", "*", "▲", "^", "△", "^", "●", "*", "○", "o", "┄", "-", "Δ", "d", "◐", "*", "◌", ".", "▼", "v", "▾", "v", "▴", "^", "✕", "x", "✓", "+", "↻", "@", "‖", "=",
	"▪", "#", "▶", ">", "◂", "<", "▌", "|", "·", "-", "—", "-", "–", "-", "−", "-", "…", "~", "→", ">", "←", "<", "↑", "^", "↓", "v", "›", ">",
	"µ", "u", "×", "x", "±", "+", "≤", "<", "≥", ">", "≠", "#", "°", " ", "≈", "~",
)

// asciiOnly replaces every character beyond ASCII by one of the same width.
func asciiOnly(s string) string {
	s = plainGlyphs.Replace(s)
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return '?'
	}, s)
}
