package tui

import (
	"math"
	"strings"

	"tailscope/stats"
)

var eighths = [...]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// spark draws values against 0…top in one row of w cells, newest at the right;
// a missing value is a dot. Longer series are pooled by maximum.
func spark(v []float64, top float64, w int) string {
	if w < 1 || len(v) == 0 {
		return spaces(max(w, 0))
	}
	if len(v) > w {
		v = pool(v, w)
	}
	var b strings.Builder
	b.WriteString(spaces(w - len(v)))
	for _, x := range v {
		if !finite(x) {
			b.WriteString("·")
			continue
		}
		i := 1
		if top > 0 {
			i = 1 + int(math.Round(7*math.Min(1, math.Max(0, x/top))))
		}
		b.WriteString(eighths[i])
	}
	return b.String()
}

// gauge is a bar of w cells filled to share, in eighths where fine.
func gauge(share float64, w int) (full, rest string) {
	if w < 1 {
		return "", ""
	}
	n := int(math.Round(math.Min(1, math.Max(0, share)) * float64(w)))
	return strings.Repeat("■", n), strings.Repeat("□", w-n)
}

// histAxis is the common horizontal axis of the lanes' histograms: each column
// stands for a whole number of bins or each bin for a whole number of columns,
// so that no column is taller only because it collects more bins.
type histAxis struct {
	first   int // bin at the left edge
	perCol  int // bins a column, 0 when a bin spans columns
	perBin  int // columns a bin
	cols    int
	lo, log float64 // left edge in ns, natural logarithm of one column's ratio
}

// newHistAxis covers every bin that holds samples in any of hs.
func newHistAxis(cols int, hs ...*stats.Histogram) (histAxis, bool) {
	first, last, ref := math.MaxInt, -1, (*stats.Histogram)(nil)
	for _, h := range hs {
		if h.Ratio <= 1 || h.LoNs <= 0 {
			continue
		}
		for i, c := range h.Counts {
			if c > 0 {
				first, last, ref = min(first, i), max(last, i), h
			}
		}
	}
	if ref == nil || cols < 1 {
		return histAxis{}, false
	}
	// at least a factor of four, one bin of air on both sides
	need := int(math.Ceil(math.Log(4) / math.Log(ref.Ratio)))
	for last-first+1 < need {
		first, last = first-1, last+1
	}
	first, last = first-1, last+1
	n := last - first + 1
	a := histAxis{cols: cols}
	if n <= cols {
		a.perBin = cols / n
		shown := (cols + a.perBin - 1) / a.perBin
		a.first = first - (shown-n)/2
		a.log = math.Log(ref.Ratio) / float64(a.perBin)
	} else {
		a.perCol = (n + cols - 1) / cols
		a.first = first - (a.perCol*cols-n)/2
		a.log = math.Log(ref.Ratio) * float64(a.perCol)
	}
	a.lo = ref.LoNs * math.Pow(ref.Ratio, float64(a.first))
	return a, true
}

// counts returns the clean and the tagged samples of each column.
func (a histAxis) counts(h *stats.Histogram, hideTagged bool) (clean, tagged []float64) {
	clean, tagged = make([]float64, a.cols), make([]float64, a.cols)
	for c := range a.cols {
		lo := a.first + c*a.perCol
		hi := lo + a.perCol
		if a.perCol == 0 {
			lo = a.first + c/a.perBin
			hi = lo + 1
		}
		for i := max(lo, 0); i < hi && i < len(h.Counts); i++ {
			t := 0.0
			if i < len(h.Tagged) {
				t = math.Min(float64(h.Tagged[i]), float64(h.Counts[i]))
			}
			clean[c] += float64(h.Counts[i]) - t
			if !hideTagged {
				tagged[c] += t
			}
		}
	}
	return clean, tagged
}

// col returns the column of a latency, −1 when it is off the axis.
func (a histAxis) col(ns float64) int {
	if !(ns > 0) || a.log == 0 {
		return -1
	}
	c := math.Floor(math.Log(ns/a.lo) / a.log)
	if c < 0 || c >= float64(a.cols) {
		return -1
	}
	return int(c)
}

// columnsOf draws stacked bars h rows high: clean samples below in ink k, the
// tagged share of each bar on top in ink tag. top is the count of a full bar;
// counts are on a log scale unless linear, so that one slow sample among
// thousands still stands.
func columnsOf(clean, tagged []float64, top float64, h int, linear bool, st *styles, k ink) []string {
	rows := make([]string, h)
	level, tagFrom := make([]int, len(clean)), make([]int, len(clean))
	for c := range clean {
		n := clean[c] + tagged[c]
		level[c] = barLevel(n, top, h, linear)
		tagFrom[c] = level[c]
		if tagged[c] > 0 && n > 0 {
			part := int(math.Ceil(tagged[c] / n * float64(level[c])))
			tagFrom[c] = level[c] - max(part, min(8, level[c]))
			if clean[c] == 0 {
				tagFrom[c] = 0
			}
		}
	}
	for y := range rows {
		var row strip
		base := (h - 1 - y) * 8
		for c := range clean {
			n := min(max(level[c]-base, 0), 8)
			switch tag := tagFrom[c] <= base+n/2 && tagFrom[c] < level[c]; {
			case n == 0:
				row.add(ink{}, " ")
			case tag && (n == 8 || st.mono):
				row.add(st.tag, "▒")
			case tag:
				row.add(st.tag, eighths[n])
			default:
				row.add(k, eighths[n])
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
