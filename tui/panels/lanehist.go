package panels

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// histRowsOf draws the latency histogram of a lane in h rows of w cells: bars,
// a rule with the quantiles on it, and the values of the axis. Both lanes share
// the axis and the scale of counts, so that they compare by eye.
func histRowsOf(sc *Scene, lane stats.Lane, w, h int) []string {
	st := sc.St
	he, ho := sc.hist(stats.Eager), sc.hist(stats.Optimized)
	a, ok := draw.NewHistAxis(w, he, ho)
	if !ok {
		return draw.Block([]string{draw.NewLine(w).Put(st.Muted, "no samples in this stretch yet").String()}, w, h)
	}
	clean, tagged := a.Counts(sc.hist(lane), sc.Hide)
	top := 0.0
	for _, x := range []*stats.Histogram{he, ho} {
		c, t := a.Counts(x, sc.Hide)
		for i := range c {
			top = math.Max(top, c[i]+t[i])
		}
	}
	bars := h - 3 // a note above, a rule and labels below
	if h < 6 {
		bars = h - 2
	}
	if h < 4 {
		bars = h - 1
	}
	var out []string
	if h >= 6 {
		out = append(out, histNote(sc, lane, clean, tagged, w))
	}
	out = append(out, draw.ColumnsOf(clean, tagged, top, bars, sc.Linear, st, st.Lane[lane])...)
	if h >= 4 {
		out = append(out, histRule(sc, lane, a))
	}
	return append(out, histLabels(sc, a))
}

// histNote says what the bars mean.
func histNote(sc *Scene, lane stats.Lane, clean, tagged []float64, w int) string {
	st := sc.St
	nc, nt := sum(clean), sum(tagged)
	scale := "log count"
	if sc.Linear {
		scale = "linear count"
	}
	l := draw.NewLine(w)
	l.Put(st.Lane[lane], "█ ").Put(st.Muted, draw.Count(int(math.Round(nc)))+" clean")
	switch {
	case sc.Hide:
		l.Put(st.Muted, " · tagged hidden")
	case nt > 0:
		l.Put(st.Muted, "  ").Put(st.Tag, "▒ ").Put(st.Muted, draw.Count(int(math.Round(nt)))+" tagged")
	}
	if l.Room() > draw.Cells(scale)+1 {
		l.To(w-draw.Cells(scale)).Put(st.Faint, scale)
	}
	return l.String()
}

func sum(xs []float64) float64 {
	t := 0.0
	for _, x := range xs {
		t += x
	}
	return t
}

// histRule is the axis itself, with p50 and p99 written onto it and a tick at
// each labelled value.
func histRule(sc *Scene, lane stats.Lane, a draw.HistAxis) string {
	st := sc.St
	row := []rune(strings.Repeat("─", a.Cols))
	for _, t := range a.Ticks() {
		row[t.Col] = '┬'
	}
	strong := make([]bool, a.Cols)
	s, _ := sc.Main(lane)
	free := 0
	for _, q := range []stats.Quantile{s.P50, s.P99} {
		c, name := a.Col(q.Value), draw.Quantile(q.Q)
		if c < 0 || q.Q == 0 {
			continue
		}
		c = max(free, c-1)
		if c+len(name) > a.Cols {
			continue
		}
		for i, r := range name {
			row[c+i], strong[c+i] = r, true
		}
		free = c + len(name) + 1
	}
	var out draw.Strip
	for i, r := range row {
		k := st.Border
		if strong[i] {
			k = st.LaneStrong[lane]
		}
		out.Add(k, string(r))
	}
	return out.String()
}

func histLabels(sc *Scene, a draw.HistAxis) string {
	l := draw.NewLine(a.Cols)
	for _, t := range a.Ticks() {
		l.To(t.At).Put(sc.St.Muted, t.Label)
	}
	return l.String()
}
