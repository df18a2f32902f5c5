package panels

import (
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// Instead of everything between header and status before the first sample, and
// instead of everything on a screen that has no room.
var (
	SlotStart = Register(Desc{Name: "start", Make: func() Panel { return &startPanel{} }})
	SlotTiny  = Register(Desc{Name: "tiny", Make: func() Panel { return &tinyPanel{} }})
)

// startPanel stands in for the measuring panels until there is a sample: what
// is being loaded, how far it is, or why it failed and what to do.
type startPanel struct{ Pane }

func (p *startPanel) View() string {
	st, v := p.Sc.St, p.Sc.V
	w := min(p.W-4, 76)
	if w < 8 {
		return p.Bare()
	}
	var lines []string
	add := func(k draw.Ink, s string) { lines = append(lines, draw.NewLine(w).Put(k, s).String()) }
	add(st.Strong, "tailscope")
	add(st.Muted, "eager against optimized, live, and why the tail is slow")
	add(draw.Ink{}, "")
	k, text := st.Text, v.Status
	if v.Phase == view.PhaseFailed {
		k = st.Bad
		add(k, "✕ This session could not go on.")
	}
	if text == "" {
		text = "Starting the worker."
	}
	for _, s := range draw.Wrap(text, w, 5) {
		add(k, s)
	}
	if v.Phase != view.PhaseFailed {
		lines = append(lines, p.bar(w))
		add(st.Faint, "esc stops it and leaves")
	}
	add(draw.Ink{}, "")
	for _, f := range [][2]string{
		{"model", v.Session.Model}, {"engine", v.Session.Engine},
		{"provider", providerText(&v.Session)}, {"folder", v.Session.Dir},
	} {
		if f[1] != "" {
			lines = append(lines, draw.NewLine(w).Put(st.Muted, draw.Left(f[0], 10)).Put(st.Text, f[1]).String())
		}
	}
	for _, r := range v.Session.Refusals {
		lines = append(lines, draw.NewLine(w).Put(st.Muted, draw.Left("refused", 10)).Put(st.Muted, r).String())
	}
	return p.center(lines, w)
}

// bar shows progress where it is known.
func (p *startPanel) bar(w int) string {
	x := p.Sc.V.Progress
	l := draw.NewLine(w)
	if !draw.Finite(x) || x <= 0 {
		return l.String()
	}
	n := min(w-8, 48)
	fill := int(x*float64(n) + 0.5)
	fill = max(0, min(fill, n))
	return l.Put(p.Sc.St.Ok, strings.Repeat("━", fill)).Put(p.Sc.St.Faint, strings.Repeat("─", n-fill)).
		Put(p.Sc.St.Muted, draw.Right(draw.Pct(x, 0), 7)).String()
}

func (p *startPanel) center(lines []string, w int) string {
	if len(lines) > p.H {
		lines = lines[len(lines)-p.H:]
	}
	top, side := (p.H-len(lines))/3, (p.W-w)/2
	out := draw.Block(nil, p.W, top)
	for _, s := range lines {
		out = append(out, draw.Spaces(side)+s+draw.Spaces(p.W-w-side))
	}
	return p.Bare(out...)
}

// tinyPanel is the whole screen where nothing else has room: phase, and each
// lane's p50 and p99 in as many cells as there are.
type tinyPanel struct{ Pane }

func (p *tinyPanel) View() string {
	sc, st := p.Sc, p.Sc.St
	word, k := phaseBadge(sc)
	if p.W < 8 {
		word = string([]rune(word)[0])
	}
	var out []string
	if p.H >= 3 {
		out = append(out, draw.NewLine(p.W).Put(k, word).String())
	}
	for lane := range stats.Lane(stats.NumLanes) {
		s := &sc.Lane(lane).Segment
		l := draw.NewLine(p.W)
		v := draw.Short(s.P99.Value)
		if s.N == 0 {
			v = draw.Missing
		}
		switch {
		case p.W >= 22:
			l.Put(st.Lane[lane], draw.LaneMark(lane)+" "+draw.Short(s.P50.Value)+" p99 "+v+" n "+draw.Count(s.N))
		case p.W >= 8:
			l.Put(st.Lane[lane], draw.LaneMark(lane)+" "+v)
		default:
			l.Put(st.Lane[lane], narrowest(s, p.W))
		}
		out = append(out, l.String())
	}
	return p.Bare(out...)
}

// narrowest is a lane's p99 in at most w cells: rather no unit, or a dash,
// than half a number.
func narrowest(s *stats.Summary, w int) string {
	if s.N == 0 || !draw.Finite(s.P99.Value) {
		return draw.Missing
	}
	for _, t := range []string{draw.Short(s.P99.Value), draw.Num(s.P99.Value/1e6, 0) + "ms", draw.Num(s.P99.Value/1e6, 0), draw.Num(s.P99.Value/1e9, 0) + "s"} {
		if draw.Cells(t) <= w {
			return t
		}
	}
	return draw.Missing
}
