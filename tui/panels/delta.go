package panels

import (
	"math"
	"sort"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotDelta = Register(Desc{Name: "delta", Focus: true, Least: 7, Make: func() Panel { return &DeltaPanel{} }})

// DeltaPanel draws optimized − eager at each quantile with its band: below the
// zero line the optimized lane wins, above it loses.
type DeltaPanel struct {
	Pane
	cells []draw.Cell // of the last plot, used again
}

const deltaLabel = 9

func (p *DeltaPanel) View() string {
	st, pr := p.Sc.St, &p.Sc.V.Stats.Pair
	w, h := p.Inner()
	one, other := p.Sc.LaneName(1), p.Sc.LaneName(0)
	title := []draw.Run{draw.R(st.Title, one+" − "+other+" at each quantile")}
	if pr.BlockLen > 0 {
		title = append(title, draw.R(st.Muted, " · band: block bootstrap, blocks of "+draw.Count(pr.BlockLen)))
	}
	if w < deltaLabel+12 || h < 3 || len(pr.Delta) == 0 || len(pr.Delta) != len(pr.DeltaQ) {
		return p.Note(title, nil, "no pairs yet")
	}
	extra := []draw.Run{draw.R(st.Lane[1], "● "+one+" faster  "), draw.R(st.Lane[0], "○ "+other+" faster")}
	if p.crosses(pr) {
		extra = append(extra, draw.R(st.Strong, "  crossover "+draw.Quantile(pr.Crossover)))
	}
	return p.Frame(title, extra, p.body(pr, w, h))
}

// deltaAxis is symmetric-log: linear within ±ref, logarithmic beyond, so that
// a gain of microseconds and a loss of milliseconds both stand.
type deltaAxis struct {
	ref, lo, hi float64
	linear      bool
}

func (a deltaAxis) squash(x float64) float64 {
	if a.linear {
		return x
	}
	return math.Asinh(x / a.ref)
}

func (a deltaAxis) at(x float64) float64 {
	return (a.squash(x) - a.squash(a.lo)) / (a.squash(a.hi) - a.squash(a.lo))
}

func newDeltaAxis(pr *stats.PairView, linear bool) deltaAxis {
	a := deltaAxis{lo: 0, hi: 0, linear: linear}
	small := math.NaN()
	for i, d := range pr.Delta {
		for _, x := range []float64{d, at(pr.DeltaLo, i), at(pr.DeltaHi, i)} {
			if draw.Finite(x) {
				a.lo, a.hi = math.Min(a.lo, x), math.Max(a.hi, x)
			}
		}
		if draw.Finite(d) && d != 0 {
			small = draw.MinOf(small, math.Abs(d))
		}
	}
	if a.hi-a.lo <= 0 {
		a.lo, a.hi = -1, 1
	}
	a.ref = math.Max((a.hi-a.lo)/1e3, 1)
	if draw.Finite(small) {
		a.ref = math.Max(a.ref, small)
	}
	return a
}

func at(xs []float64, i int) float64 {
	if i < len(xs) {
		return xs[i]
	}
	return math.NaN()
}

func (p *DeltaPanel) body(pr *stats.PairView, w, h int) []string {
	st := p.Sc.St
	rows, cols := h-1, w-deltaLabel-2
	a := newDeltaAxis(pr, p.Sc.Linear)
	rowOf := func(x float64) int {
		return max(0, min(rows-1, int(math.Round((1-a.at(x))*float64(rows-1)))))
	}
	zero := rowOf(0)
	grid := p.Plot(pr, rows, cols, zero, rowOf)
	labels := a.labels(rows, zero, rowOf)
	var out []string
	for y := range grid {
		var s draw.Strip
		for _, c := range grid[y] {
			s.Add(c.K, c.S)
		}
		out = append(out, st.Muted.On(draw.Right(labels[y], deltaLabel))+" "+st.Border.On("┤")+s.String())
	}
	return append(out, p.labels(pr, cols))
}

// Plot draws the zero line, the bands and the points.
func (p *DeltaPanel) Plot(pr *stats.PairView, rows, cols, zero int, rowOf func(float64) int) [][]draw.Cell {
	st := p.Sc.St
	if len(p.cells) < rows*cols {
		p.cells = make([]draw.Cell, rows*cols)
	}
	grid := make([][]draw.Cell, rows)
	for y := range grid {
		grid[y] = p.cells[y*cols : (y+1)*cols]
		for x := range grid[y] {
			grid[y][x] = draw.C(" ", draw.Ink{})
			if y == zero {
				grid[y][x] = draw.C("┄", st.Faint)
			}
		}
	}
	n := len(pr.Delta)
	if p.crosses(pr) {
		x := crossColumn(pr, cols)
		for y := range grid {
			grid[y][x] = draw.C("┊", st.Muted)
		}
	}
	for i, d := range pr.Delta {
		if !draw.Finite(d) {
			continue
		}
		x := (2*i + 1) * cols / (2 * n)
		if lo, hi := at(pr.DeltaLo, i), at(pr.DeltaHi, i); draw.Finite(lo) && draw.Finite(hi) {
			for y := rowOf(hi); y <= rowOf(lo); y++ {
				grid[y][x] = draw.C("│", st.Muted)
			}
		}
		mark := draw.C("●", st.Lane[stats.Optimized])
		if d > 0 {
			mark = draw.C("○", st.Lane[stats.Eager])
		}
		if n := min(p.Sc.Lane(stats.Eager).Segment.N, p.Sc.Lane(stats.Optimized).Segment.N); quantile.Need(pr.DeltaQ[i]) > n {
			mark.K = st.Faint // as in the table
		}
		grid[rowOf(d)][x] = mark
	}
	return grid
}

// crosses reports whether one lane wins below a quantile and the other beyond,
// as the pairs' line says it.
func (p *DeltaPanel) crosses(pr *stats.PairView) bool {
	return len(pr.DeltaQ) > 1 && draw.Finite(pr.Crossover) && pr.Crossover > 0 && pr.Crossover < 1 && !p.Sc.V.Session.AA && !insideNoise(pr)
}

// crossColumn is the crossover's place among the quantiles, which stand equally
// far apart.
func crossColumn(pr *stats.PairView, cols int) int {
	n := len(pr.DeltaQ)
	i := min(max(sort.SearchFloat64s(pr.DeltaQ, pr.Crossover), 1), n-1)
	at := float64(i)
	if step := pr.DeltaQ[i] - pr.DeltaQ[i-1]; step > 0 {
		at = float64(i-1) + math.Max(0, math.Min(1, (pr.Crossover-pr.DeltaQ[i-1])/step))
	}
	return max(0, min(cols-1, int((2*at+1)*float64(cols)/float64(2*n))))
}

// labels puts round values beside their rows, two rows apart at least.
func (a deltaAxis) labels(rows, zero int, rowOf func(float64) int) []string {
	out := make([]string, rows)
	out[zero] = "0"
	put := func(v float64) {
		if v >= a.lo && v <= a.hi {
			draw.Apart(out, rowOf(v), signedShort(v))
		}
	}
	for _, m := range []float64{1, 5, 2} {
		for p := 1e10; p >= 1; p /= 10 {
			put(m * p)
			put(-m * p)
		}
	}
	return out
}

func (p *DeltaPanel) labels(pr *stats.PairView, cols int) string {
	l := draw.NewLine(deltaLabel + 2 + cols).To(deltaLabel + 2)
	n := len(pr.DeltaQ)
	for i, q := range pr.DeltaQ {
		s := draw.Quantile(q)
		x := deltaLabel + 2 + (2*i+1)*cols/(2*n) - draw.Cells(s)/2
		if (x > l.W || i == 0) && x+draw.Cells(s) <= deltaLabel+2+cols {
			l.To(x).Put(p.Sc.St.Muted, s)
		}
	}
	return l.String()
}

func signedShort(ns float64) string {
	if ns > 0 {
		return "+" + draw.Brief(ns)
	}
	return "−" + draw.Brief(-ns)
}
