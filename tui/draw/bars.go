package draw

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// Eighths are bars of none to eight eighths of a cell.
var Eighths = [...]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// Spark draws values against 0…top in one row of w cells, newest at the right;
// a missing value is a dot. Longer series are pooled by maximum.
func Spark(v []float64, top float64, w int) string {
	if w < 1 || len(v) == 0 {
		return Spaces(max(w, 0))
	}
	if len(v) > w {
		v = pool(v, w)
	}
	var b strings.Builder
	b.WriteString(Spaces(w - len(v)))
	for _, x := range v {
		if !Finite(x) {
			b.WriteString("·")
			continue
		}
		i := 1
		if top > 0 {
			i = 1 + int(math.Round(7*math.Min(1, math.Max(0, x/top))))
		}
		b.WriteString(Eighths[i])
	}
	return b.String()
}

// Gauge is a bar of w cells filled to share, in eighths where fine.
func Gauge(share float64, w int) (full, rest string) {
	if w < 1 {
		return "", ""
	}
	n := int(math.Round(math.Min(1, math.Max(0, share)) * float64(w)))
	return strings.Repeat("■", n), strings.Repeat("□", w-n)
}

// HistAxis is the common horizontal axis of the lanes' histograms.
type HistAxis struct {
	Cols    int
	lo, log float64 // left edge in ns, natural logarithm of one column's ratio
}

// NewHistAxis covers every bin that holds samples in any of hs, at least a
// factor of four, with a little air at both ends.
func NewHistAxis(cols int, hs ...*stats.Histogram) (HistAxis, bool) {
	lo, hi := math.NaN(), math.NaN()
	for _, h := range hs {
		if !(h.Ratio > 1) || !(h.LoNs > 0) {
			continue
		}
		for i, c := range h.Counts {
			left := h.LoNs * math.Pow(h.Ratio, float64(i))
			if c > 0 && plausible(left) && plausible(left*h.Ratio) {
				lo, hi = MinOf(lo, left), MaxOf(hi, left*h.Ratio)
			}
		}
	}
	if !Finite(lo) || !Finite(hi) || cols < 1 {
		return HistAxis{}, false
	}
	if r := hi / lo; r < 4 {
		lo, hi = lo/math.Sqrt(4/r), hi*math.Sqrt(4/r)
	}
	air := math.Pow(hi/lo, 0.03)
	lo, hi = lo/air, hi*air
	return HistAxis{Cols: cols, lo: lo, log: math.Log(hi/lo) / float64(cols)}, true
}

// Counts returns the clean and the tagged samples of each column. A bin's
// samples count as spread evenly over its width, so a column narrower than a
// bin gets its share and the sum stays n.
func (a HistAxis) Counts(h *stats.Histogram, hideTagged bool) (clean, tagged []float64) {
	clean, tagged = make([]float64, a.Cols), make([]float64, a.Cols)
	if !(h.Ratio > 1) || !plausible(h.LoNs) || !Finite(h.Ratio) {
		return clean, tagged
	}
	first, step := math.Log(h.LoNs/a.lo)/a.log, math.Log(h.Ratio)/a.log
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		t := 0.0
		if i < len(h.Tagged) {
			t = math.Min(float64(h.Tagged[i]), float64(n))
		}
		from := first + float64(i)*step
		a.spread(clean, from, step, float64(n)-t)
		if !hideTagged {
			a.spread(tagged, from, step, t)
		}
	}
	return clean, tagged
}

// spread adds mass evenly over [from, from+width) columns; what lies off the
// axis goes to its edge.
func (a HistAxis) spread(to []float64, from, width, mass float64) {
	if mass <= 0 {
		return
	}
	last := float64(a.Cols)
	for c := max(0, int(math.Floor(from))); c < a.Cols && float64(c) < from+width; c++ {
		lo, hi := math.Max(from, float64(c)), math.Min(from+width, float64(c+1))
		to[c] += mass * (hi - lo) / width
	}
	if from < 0 {
		to[0] += mass * math.Min(1, -from/width)
	}
	if from+width > last {
		to[a.Cols-1] += mass * math.Min(1, (from+width-last)/width)
	}
}

// Col returns the column of a latency, −1 when it is off the axis.
func (a HistAxis) Col(ns float64) int {
	if !(ns > 0) || a.log == 0 {
		return -1
	}
	c := math.Floor(math.Log(ns/a.lo) / a.log)
	if c < 0 || c >= float64(a.Cols) {
		return -1
	}
	return int(c)
}

// ColumnsOf draws stacked bars h rows high: clean samples below in ink k, the
// tagged share of each bar on top in ink tag. top is the count of a full bar;
// counts are on a log scale unless linear, so that one slow sample among
// thousands still stands.
func ColumnsOf(clean, tagged []float64, top float64, h int, linear bool, st *Styles, k Ink) []string {
	rows := make([]string, h)
	level, tagFrom := make([]int, len(clean)), make([]int, len(clean))
	for c := range clean {
		n := clean[c] + tagged[c]
		level[c] = barLevel(n, top, h, linear)
		tagFrom[c] = level[c]
		if tagged[c] > 0 {
			// in whole rows, so that few among many do not look like many
			tagFrom[c] -= 8 * int(math.Round(tagged[c]/n*float64(level[c])/8))
			if tagged[c] > clean[c] && tagFrom[c] == level[c] {
				tagFrom[c] = 0
			}
		}
	}
	for y := range rows {
		var row Strip
		base := (h - 1 - y) * 8
		for c := range clean {
			n := min(max(level[c]-base, 0), 8)
			switch tag := tagFrom[c] <= base+n/2 && tagFrom[c] < level[c]; {
			case n == 0:
				row.Add(Ink{}, " ")
			case tag && (n == 8 || st.mono):
				row.Add(st.Tag, "▒")
			case tag:
				row.Add(st.Tag, Eighths[n])
			default:
				row.Add(k, Eighths[n])
			}
		}
		rows[y] = row.String()
	}
	return rows
}

// ColumnsDown is ColumnsOf hanging from the top, in steps of half a row; the
// tagged share is at the far end.
func ColumnsDown(clean, tagged []float64, top float64, h int, linear bool, st *Styles, k Ink) []string {
	rows := make([]string, h)
	for y := range rows {
		var row Strip
		for c := range clean {
			n := clean[c] + tagged[c]
			level := barLevel(n, top, h, linear)
			ink, here := k, level-8*y
			if tagged[c] > 0 && float64(level)-8*float64(y)-4 <= tagged[c]/n*float64(level) {
				ink = st.Tag
			}
			switch {
			case here <= 0:
				row.Add(Ink{}, " ")
			case here <= 2:
				row.Add(ink, "▔")
			case here <= 6:
				row.Add(ink, "▀")
			case ink == st.Tag && st.mono:
				row.Add(ink, "▒")
			default:
				row.Add(ink, "█")
			}
		}
		rows[y] = row.String()
	}
	return rows
}

// barLevel is the height of a bar in eighths of a row; anything counted is
// at least one eighth.
func barLevel(n, top float64, h int, linear bool) int {
	if n <= 0 || top <= 0 {
		return 0
	}
	share := n / top
	if !linear {
		share = math.Log1p(n) / math.Log1p(top)
	}
	return min(8*h, max(1, int(math.Round(share*float64(8*h)))))
}
