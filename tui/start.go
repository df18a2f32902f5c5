package tui

import (
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// Instead of everything between header and status before the first sample, and
// instead of everything on a screen that has no room.
var (
	slotStart = register(desc{name: "start", make: func() panel { return &startPanel{} }})
	slotTiny  = register(desc{name: "tiny", make: func() panel { return &tinyPanel{} }})
)

// startPanel stands in for the measuring panels until there is a sample: what
// is being loaded, how far it is, or why it failed and what to do.
type startPanel struct{ pane }

func (p *startPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	st, v := p.sc.st, p.sc.v
	w := min(p.w-4, 76)
	if w < 8 {
		return join(block(nil, p.w, p.h))
	}
	var lines []string
	add := func(k ink, s string) { lines = append(lines, newLine(w).put(k, s).String()) }
	add(st.strong, "tailscope")
	add(st.muted, "eager against optimized, live, and why the tail is slow")
	add(ink{}, "")
	k, text := st.text, v.Status
	if v.Phase == view.PhaseFailed {
		k = st.bad
		add(k, "✕ This session could not go on.")
	}
	if text == "" {
		text = "Starting the worker."
	}
	for _, s := range wrap(text, w, 5) {
		add(k, s)
	}
	if v.Phase != view.PhaseFailed {
		lines = append(lines, p.bar(w))
	}
	add(ink{}, "")
	for _, f := range [][2]string{
		{"model", v.Session.Model}, {"engine", v.Session.Engine},
		{"provider", providerText(&v.Session)}, {"folder", v.Session.Dir},
	} {
		if f[1] != "" {
			lines = append(lines, newLine(w).put(st.muted, left(f[0], 10)).put(st.text, f[1]).String())
		}
	}
	for _, r := range v.Session.Refusals {
		lines = append(lines, newLine(w).put(st.muted, left("refused", 10)).put(st.muted, r).String())
	}
	return p.center(lines, w)
}

// bar shows progress where it is known.
func (p *startPanel) bar(w int) string {
	x := p.sc.v.Progress
	l := newLine(w)
	if !finite(x) || x <= 0 {
		return l.String()
	}
	n := min(w-8, 48)
	fill := int(x*float64(n) + 0.5)
	fill = max(0, min(fill, n))
	return l.put(p.sc.st.ok, strings.Repeat("━", fill)).put(p.sc.st.faint, strings.Repeat("─", n-fill)).
		put(p.sc.st.muted, right(pct(x, 0), 7)).String()
}

func (p *startPanel) center(lines []string, w int) string {
	if len(lines) > p.h {
		lines = lines[len(lines)-p.h:]
	}
	top, side := (p.h-len(lines))/3, (p.w-w)/2
	out := block(nil, p.w, top)
	for _, s := range lines {
		out = append(out, spaces(side)+s+spaces(p.w-w-side))
	}
	return join(block(out, p.w, p.h))
}

// tinyPanel is the whole screen where nothing else has room: phase, and each
// lane's p50 and p99 in as many cells as there are.
type tinyPanel struct{ pane }

func (p *tinyPanel) view() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	sc, st := p.sc, p.sc.st
	word, k := phaseBadge(sc)
	if p.w < 8 {
		word = string([]rune(word)[0])
	}
	var out []string
	if p.h >= 3 {
		out = append(out, newLine(p.w).put(k, word).String())
	}
	for i := range sc.v.Stats.Lanes {
		s := &sc.v.Stats.Lanes[i].Segment
		l := newLine(p.w)
		v := short(s.P99.Value)
		if s.N == 0 {
			v = missing
		}
		switch {
		case p.w >= 22:
			l.put(st.lane[i], laneMark(laneOf(i))+" "+short(s.P50.Value)+" p99 "+v+" n "+count(s.N))
		case p.w >= 8:
			l.put(st.lane[i], laneMark(laneOf(i))+" "+v)
		default:
			l.put(st.lane[i], narrowest(s, p.w))
		}
		out = append(out, l.String())
	}
	return join(block(out, p.w, p.h))
}

// narrowest is a lane's p99 in at most w cells: rather no unit, or a dash,
// than half a number.
func narrowest(s *stats.Summary, w int) string {
	if s.N == 0 || !finite(s.P99.Value) {
		return missing
	}
	for _, t := range []string{short(s.P99.Value), num(s.P99.Value/1e6, 0) + "ms", num(s.P99.Value/1e6, 0), num(s.P99.Value/1e9, 0) + "s"} {
		if cells(t) <= w {
			return t
		}
	}
	return missing
}
