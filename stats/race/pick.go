package race

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats/quantile"
)

// Row is how a candidate stands.
type Row struct {
	Name      string
	N         int   // requests it answered
	Value     Value // of the objective, over the horizon
	P50, P99  float64
	Mean      float64
	Limit     float64 // share of the limit, the median over requests; NaN unknown
	Made      int     // requests that made an executable
	CompileNs int64   // what making them took
	ColdNs    float64 // what making all that the horizon needs takes; NaN unknown
	Beside    bool    // some were made while others made theirs: alone they take less
	Out       string  // why it is out; "" it races
	Told      bool    // it is out because a test says so
	Best      bool
}

// Standing are the candidates in their order.
func (r *Race) Standing() []Row {
	best := r.Pick()
	rows := make([]Row, len(r.all))
	for i, c := range r.all {
		rows[i] = Row{Name: c.Name, N: len(c.ns), Value: r.value(c, r.o.Objective.quantile(), .05), Made: len(c.firstNs),
			P50: r.point(c, .5), P99: r.point(c, .99), Mean: r.point(c, 0), Limit: quantile.Median(c.shares),
			CompileNs: c.compileNs, ColdNs: r.cold(c), Beside: c.beside, Out: c.out, Told: c.told, Best: i == best}
	}
	return rows
}

// cold is the time that making everything that the horizon needs takes.
func (r *Race) cold(c *racer) float64 {
	switch made := len(c.firstNs); {
	case c.Firsts == 0:
		return 0
	case made == 0:
		return math.NaN()
	default:
		return float64(c.compileNs) / float64(made) * float64(max(c.Firsts, made))
	}
}

// choice is a candidate that may be picked.
type choice struct {
	c       *racer
	miss    int     // 1: its p99 does not keep the SLO
	value   float64 // of the objective
	typical float64 // its time over another's in the same request, geometric mean
	cold    float64
}

// Pick is the candidate to take; −1 without any. Of those that keep the SLO, as
// far as there are any, and whose objective is within the margin of the least,
// the one with the least time in the typical request, and of those within the
// margin there the one with the least to make before it is warm, or with nothing to
// make where some of it was made beside others. Where Few is true the quantile
// Instead stands for the objective.
func (r *Race) Pick() int {
	ranked := r.ranked()
	if len(ranked) == 0 {
		return -1
	}
	var all []choice
	for _, c := range ranked {
		x := choice{c: c, value: orInf(r.point(c, r.by())), typical: orInf(typical(c, ranked[0])), cold: orInf(r.cold(c))}
		if !r.keeps(c) {
			x.miss = 1
		}
		all = append(all, x)
	}
	for _, by := range []func(choice) float64{func(x choice) float64 { return x.value }, func(x choice) float64 { return x.typical }} {
		all = r.nearest(all, by)
	}
	if slices.ContainsFunc(all, func(x choice) bool { return x.c.beside }) {
		for i := range all {
			all[i].cold = float64(min(all[i].c.Firsts, 1)) // what one took alone and another beside others tells nothing of either
		}
	}
	return slices.MinFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.cold, b.cold), cmp.Compare(a.value, b.value))
	}).c.at
}

// nearest keeps those that keep the SLO, or all if none does, and of these those
// within the margin of the least by a figure.
func (r *Race) nearest(all []choice, by func(choice) float64) (near []choice) {
	best := slices.MinFunc(all, func(a, b choice) int { return cmp.Or(cmp.Compare(a.miss, b.miss), cmp.Compare(by(a), by(b))) })
	for _, x := range all {
		if x.c == best.c || x.miss == best.miss && by(x) <= (1+r.o.Margin)*by(best) {
			near = append(near, x)
		}
	}
	return near
}

// orInf puts what is not known last.
func orInf(x float64) float64 {
	if math.IsNaN(x) {
		return math.Inf(1)
	}
	return x
}

// typical is the geometric mean of a's time over b's in the requests of both.
func typical(a, b *racer) float64 {
	x, y := common(a, b)
	sum := 0.0
	for i := range x {
		sum += math.Log(float64(x[i]) / float64(y[i]))
	}
	return math.Exp(sum / float64(len(x)))
}

// Instead is the quantile that picks where Few is true.
const Instead = .75

// by is the quantile that picks, 0 for the mean. A p99 of fewer requests than
// support it is their maximum, which says little of the candidate and much of
// what else the machine did.
func (r *Race) by() float64 {
	if r.Few() {
		return Instead
	}
	return r.o.Objective.quantile()
}

// Few reports whether those that race answered too few requests for a p99 that
// was to be small.
func (r *Race) Few() bool {
	return r.o.Objective == P99 && slices.ContainsFunc(r.racing(), func(c *racer) bool { return len(c.sorted) < quantile.Need(.99) })
}
