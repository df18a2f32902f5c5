package race

import (
	"cmp"
	"github.com/tailscope/tailscope/stats/quantile"
	"math"
	"slices"
)

// Row is how a candidate stands.
type Row struct {
	Name      string
	N         int   // requests it answered
	Value     Value // of the objective, over the horizon
	P50, P99  float64
	Mean      float64
	Made      int     // requests that made an executable
	CompileNs int64   // what making them took
	ColdNs    float64 // what making all that the horizon needs takes; NaN unknown
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
			P50: r.point(c, .5), P99: r.point(c, .99), Mean: r.point(c, 0),
			CompileNs: c.compileNs, ColdNs: r.cold(c), Out: c.out, Told: c.told, Best: i == best}
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

// Pick is the candidate to take: of those that race and whose objective is
// within the margin of the least, the one with the least to make before it is
// warm; −1 without any. Where Few is true the quantile Instead stands for the objective. Those that keep the SLO come before those that do not.
func (r *Race) Pick() int {
	if len(r.ranked()) == 0 {
		return -1
	}
	q := r.by()
	type choice struct {
		i    int
		miss int
		v    float64
	}
	var all []choice
	least := [2]float64{math.Inf(1), math.Inf(1)}
	for i, c := range r.all {
		v := r.point(c, q)
		if c.out != "" || math.IsNaN(v) {
			continue
		}
		x := choice{i: i, v: v}
		if !r.keeps(c) {
			x.miss = 1
		}
		least[x.miss] = min(least[x.miss], v)
		all = append(all, x)
	}
	all = slices.DeleteFunc(all, func(x choice) bool { return x.v > (1+r.o.Margin)*least[x.miss] })
	cost := func(x choice) float64 {
		if n := r.cold(r.all[x.i]); !math.IsNaN(n) {
			return n
		}
		return math.Inf(1)
	}
	return slices.MinFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.miss, b.miss), cmp.Compare(cost(a), cost(b)), cmp.Compare(a.v, b.v))
	}).i
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

// Diff is the objective of one candidate less that of another, from the
// requests that both ran, at 95 %.
func (r *Race) Diff(a, b int) Value { return r.diff(r.all[a], r.all[b], .05) }
