package tui

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

var slotDelta = register(desc{name: "delta", focus: true, least: 7, make: func() panel { return &deltaPanel{} }})

// deltaPanel draws optimized − eager at each quantile with its band: below the
// zero line the optimized lane wins, above it loses.
type deltaPanel struct {
	pane
	cells []cell // of the last plot, used again
}

const deltaLabel = 9

func (p *deltaPanel) view() string {
	st, pr := p.sc.st, &p.sc.v.Stats.Pair
	w, h := p.inner()
	one, other := p.sc.laneName(1), p.sc.laneName(0)
	title := []run{{st.title, one + " − " + other + " at each quantile"}}
	if pr.BlockLen > 0 {
		title = append(title, run{st.muted, " · band: block bootstrap, blocks of " + count(pr.BlockLen)})
	}
	if w < deltaLabel+12 || h < 3 || len(pr.Delta) == 0 || len(pr.Delta) != len(pr.DeltaQ) {
		if w < 1 || h < 1 {
			return p.frame(title, nil, nil)
		}
		return p.frame(title, nil, []string{newLine(w).put(st.muted, "no pairs yet").String()})
	}
	extra := []run{{st.lane[1], "● " + one + " faster  "}, {st.lane[0], "○ " + other + " faster"}}
	if finite(pr.Crossover) && pr.Crossover > 0 && pr.Crossover < 1 {
		extra = append(extra, run{st.strong, "  crossover " + quantile(pr.Crossover)})
	}
	return p.frame(title, extra, p.body(pr, w, h))
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
			if finite(x) {
				a.lo, a.hi = math.Min(a.lo, x), math.Max(a.hi, x)
			}
		}
		if finite(d) && d != 0 {
			small = minOf(small, math.Abs(d))
		}
	}
	if a.hi-a.lo <= 0 {
		a.lo, a.hi = -1, 1
	}
	a.ref = math.Max((a.hi-a.lo)/1e3, 1)
	if finite(small) {
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

func (p *deltaPanel) body(pr *stats.PairView, w, h int) []string {
	st := p.sc.st
	rows, cols := h-1, w-deltaLabel-2
	a := newDeltaAxis(pr, p.sc.linear)
	rowOf := func(x float64) int {
		return max(0, min(rows-1, int(math.Round((1-a.at(x))*float64(rows-1)))))
	}
	zero := rowOf(0)
	grid := p.plot(pr, rows, cols, zero, rowOf)
	labels := a.labels(rows, zero, rowOf)
	var out []string
	for y := range grid {
		var s strip
		for _, c := range grid[y] {
			s.add(c.k, c.s)
		}
		out = append(out, st.muted.on(right(labels[y], deltaLabel))+" "+st.border.on("┤")+s.String())
	}
	return append(out, p.labels(pr, cols))
}

// plot draws the zero line, the bands and the points.
func (p *deltaPanel) plot(pr *stats.PairView, rows, cols, zero int, rowOf func(float64) int) [][]cell {
	st := p.sc.st
	if len(p.cells) < rows*cols {
		p.cells = make([]cell, rows*cols)
	}
	grid := make([][]cell, rows)
	for y := range grid {
		grid[y] = p.cells[y*cols : (y+1)*cols]
		for x := range grid[y] {
			grid[y][x] = cell{" ", ink{}}
			if y == zero {
				grid[y][x] = cell{"┄", st.faint}
			}
		}
	}
	n := len(pr.Delta)
	for i, d := range pr.Delta {
		if !finite(d) {
			continue
		}
		x := (2*i + 1) * cols / (2 * n)
		if lo, hi := at(pr.DeltaLo, i), at(pr.DeltaHi, i); finite(lo) && finite(hi) {
			for y := rowOf(hi); y <= rowOf(lo); y++ {
				grid[y][x] = cell{"│", st.muted}
			}
		}
		mark := cell{"●", st.lane[stats.Optimized]}
		if d > 0 {
			mark = cell{"○", st.lane[stats.Eager]}
		}
		if n := min(p.sc.lane(stats.Eager).Segment.N, p.sc.lane(stats.Optimized).Segment.N); stats.Need(pr.DeltaQ[i]) > n {
			mark.k = st.faint // as in the table
		}
		grid[rowOf(d)][x] = mark
	}
	return grid
}

// labels puts round values beside their rows, two rows apart at least.
func (a deltaAxis) labels(rows, zero int, rowOf func(float64) int) []string {
	out := make([]string, rows)
	out[zero] = "0"
	put := func(v float64) {
		if v < a.lo || v > a.hi {
			return
		}
		y := rowOf(v)
		for d := -1; d <= 1; d++ {
			if y+d >= 0 && y+d < rows && out[y+d] != "" {
				return
			}
		}
		out[y] = signedShort(v)
	}
	for _, m := range []float64{1, 5, 2} {
		for p := 1e10; p >= 1; p /= 10 {
			put(m * p)
			put(-m * p)
		}
	}
	return out
}

func (p *deltaPanel) labels(pr *stats.PairView, cols int) string {
	l := newLine(deltaLabel + 2 + cols).to(deltaLabel + 2)
	n := len(pr.DeltaQ)
	for i, q := range pr.DeltaQ {
		s := quantile(q)
		x := deltaLabel + 2 + (2*i+1)*cols/(2*n) - cells(s)/2
		if x > l.w || i == 0 {
			l.to(x).put(p.sc.st.muted, s)
		}
	}
	return l.String()
}

func signedShort(ns float64) string {
	if ns > 0 {
		return "+" + brief(ns)
	}
	return "−" + brief(-ns)
}
