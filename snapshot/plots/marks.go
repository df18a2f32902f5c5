package plots

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Mark is an event on the timeline.
type Mark struct {
	S    float64 // seconds since the start
	Kind string
}

// markColumns is how many marks of a kind stand beside each other at most:
// what lies in one column is one line.
const markColumns = 400

// markKinds are the kinds that are drawn, those that matter most last and so
// above the others.
var markKinds = []string{"fallback", "throttle", "limit_reached", "recompile", "compile", "toggle", "segment", "worker_restart"}

var markColors = map[string]color.NRGBA{"compile": {0xc0, 0x39, 0x2b, 0xff}, "recompile": {0xc0, 0x39, 0x2b, 0x90},
	"toggle": {0x55, 0x55, 0x55, 0xff}, "segment": {0x55, 0x55, 0x55, 0xff}, "worker_restart": {0x8e, 0x44, 0xad, 0xff},
	"fallback": {0x7f, 0x6b, 0x00, 0x90}, "limit_reached": {0x7f, 0x6b, 0x00, 0xff}, "throttle": {0x2a, 0x8c, 0x4a, 0xff}}

// Marks says whether a kind of event is drawn.
func Marks(kind string) bool { return slices.Contains(markKinds, kind) }

// columns keeps, of each kind in the order of markKinds, one mark a column.
func columns(marks []Mark, end float64) [][]float64 {
	out := make([][]float64, len(markKinds))
	seen := map[[2]int]bool{}
	for _, m := range slices.SortedFunc(slices.Values(marks), func(a, b Mark) int { return cmp.Compare(a.S, b.S) }) {
		kind := slices.Index(markKinds, m.Kind)
		if kind < 0 || !(m.S >= 0) || m.S > end {
			continue
		}
		if k := [2]int{kind, int(m.S / end * markColumns)}; !seen[k] {
			seen[k] = true
			out[kind] = append(out[kind], m.S)
		}
	}
	return out
}

// lastMark is the instant of the last mark that would be drawn, seconds.
func lastMark(marks []Mark) (last float64) {
	for _, m := range marks {
		if Marks(m.Kind) && m.S > last && !math.IsInf(m.S, 0) { // never NaN
			last = m.S
		}
	}
	return last
}

// addMarks draws the marks and returns how many kinds there are.
func addMarks(p *plot.Plot, at [][]float64, lo, hi float64) (kinds int, err error) {
	for k, seconds := range at {
		for i, s := range seconds {
			l, err := plotter.NewLine(plotter.XYs{{X: s, Y: lo}, {X: s, Y: hi}})
			if err != nil {
				return 0, err
			}
			l.Color, l.Width = markColors[markKinds[k]], vg.Points(.6)
			p.Add(l)
			if i == 0 {
				kinds++
				p.Legend.Add(markKinds[k], l)
			}
		}
	}
	return kinds, nil
}
