package tui

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// histRowsOf draws the latency histogram of a lane in h rows of w cells: bars,
// a rule with the quantiles on it, and the values of the axis. Both lanes share
// the axis and the scale of counts, so that they compare by eye.
func histRowsOf(sc *scene, lane stats.Lane, w, h int) []string {
	st := sc.st
	he, ho := sc.hist(stats.Eager), sc.hist(stats.Optimized)
	a, ok := newHistAxis(w, he, ho)
	if !ok {
		return block([]string{newLine(w).put(st.muted, "no samples in this stretch yet").String()}, w, h)
	}
	clean, tagged := a.counts(sc.hist(lane), sc.hide)
	top := 0.0
	for _, x := range []*stats.Histogram{he, ho} {
		c, t := a.counts(x, sc.hide)
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
	out = append(out, columnsOf(clean, tagged, top, bars, sc.linear, st, st.lane[lane])...)
	if h >= 4 {
		out = append(out, histRule(sc, lane, a))
	}
	return append(out, histLabels(sc, a))
}

// histNote says what the bars mean.
func histNote(sc *scene, lane stats.Lane, clean, tagged []float64, w int) string {
	st := sc.st
	nc, nt := sum(clean), sum(tagged)
	scale := "log count"
	if sc.linear {
		scale = "linear count"
	}
	l := newLine(w)
	l.put(st.lane[lane], "█ ").put(st.muted, count(int(math.Round(nc)))+" clean")
	switch {
	case sc.hide:
		l.put(st.muted, " · tagged hidden")
	case nt > 0:
		l.put(st.muted, "  ").put(st.tag, "▒ ").put(st.muted, count(int(math.Round(nt)))+" tagged")
	}
	if l.room() > cells(scale)+1 {
		l.to(w-cells(scale)).put(st.faint, scale)
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
func histRule(sc *scene, lane stats.Lane, a histAxis) string {
	st := sc.st
	row := []rune(strings.Repeat("─", a.cols))
	for _, t := range a.ticks() {
		row[t.col] = '┬'
	}
	strong := make([]bool, a.cols)
	s, _ := sc.main(lane)
	free := 0
	for _, q := range []stats.Quantile{s.P50, s.P99} {
		c, name := a.col(q.Value), quantile(q.Q)
		if c < 0 || q.Q == 0 {
			continue
		}
		c = max(free, c-1)
		if c+len(name) > a.cols {
			continue
		}
		for i, r := range name {
			row[c+i], strong[c+i] = r, true
		}
		free = c + len(name) + 1
	}
	var out strip
	for i, r := range row {
		k := st.border
		if strong[i] {
			k = st.laneStrong[lane]
		}
		out.add(k, string(r))
	}
	return out.String()
}

// axisTick is a labelled place on a horizontal axis.
type axisTick struct {
	col   int
	at    int // where its label begins
	label string
}

// ticks are the round values on the axis: as many of 1, 2 and 5 times the
// powers of ten as have room for their labels.
func (a histAxis) ticks() []axisTick {
	var out []axisTick
	for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var clash bool
		if out, clash = a.ticksAt(steps); !clash {
			return out
		}
	}
	return out
}

func (a histAxis) ticksAt(steps []float64) (out []axisTick, clash bool) {
	hi := a.lo * math.Exp(a.log*float64(a.cols))
	end := -2
	for p := math.Pow(10, math.Floor(math.Log10(a.lo))); p <= hi && p < 1e20; p *= 10 {
		for _, m := range steps {
			c := a.col(m * p * 1.0000001)
			if c < 0 {
				continue
			}
			label := short(m * p)
			at := max(0, min(c-cells(label)/2, a.cols-cells(label)))
			if at < end+2 {
				clash = true
				continue
			}
			end = at + cells(label)
			out = append(out, axisTick{c, at, label})
		}
	}
	return out, clash
}

func histLabels(sc *scene, a histAxis) string {
	l := newLine(a.cols)
	for _, t := range a.ticks() {
		l.to(t.at).put(sc.st.muted, t.label)
	}
	return l.String()
}
