package race

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mathext"

	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

func insert(sorted []int64, v int64) []int64 {
	i, _ := slices.BinarySearch(sorted, v)
	return slices.Insert(sorted, i, v)
}

// firsts is the share of requests that make an executable, over the horizon.
func (r *Race) firsts(c *racer) float64 { return math.Min(1, float64(c.Firsts)/float64(r.o.Horizon)) }

// warm are the times of the requests that made nothing.
func (c *racer) warm() (v []int64) {
	for i, ns := range c.ns {
		if !c.first[i] {
			v = append(v, ns)
		}
	}
	return v
}

// level is where, among the warm requests, the q-quantile of all of them lies:
// those that make an executable are taken to be the slowest. 1 or more: it is
// one of these.
func (r *Race) level(c *racer, q float64) float64 { return q / (1 - r.firsts(c)) }

// at is the q-quantile over the horizon, ns; NaN where there are no times of the
// kind it falls into.
func (r *Race) at(c *racer, q float64) float64 {
	f := r.firsts(c)
	if l := r.level(c, q); l < 1 {
		return quantile.Percentile(c.sorted, l)
	}
	return quantile.Percentile(c.firstNs, (q-(1-f))/f)
}

// Value is a figure of a candidate over the horizon, with an interval that holds
// at any moment; ns, NaN unknown. Hi is infinite while too few requests bound a
// tail from above.
type Value struct{ Ns, Lo, Hi float64 }

var unknown = Value{math.NaN(), math.NaN(), math.NaN()}

// value of a quantile (0: the mean) at 1 − alpha.
func (r *Race) value(c *racer, q, alpha float64) Value {
	warm := c.warm()
	if len(warm) == 0 && r.firsts(c) < 1 {
		return unknown
	}
	if q == 0 {
		s := timesOf(warm)
		lo, hi := s.Interval(alpha, true)
		extra := r.share(c, s.Mean())
		return Value{s.Mean() + extra, lo + extra, hi + extra}
	}
	v := Value{r.at(c, q), math.NaN(), math.NaN()}
	l := r.level(c, q)
	if l >= 1 {
		return v
	}
	cut := quantile.Percentile(c.sorted, l)
	s := series(warm, func(ns int64) float64 { return beyond(ns, cut) })
	few, many := consistent(len(warm), 1-l, s.Inflation(), alpha)
	if n := len(warm); few > 0 {
		v.Hi = float64(c.sorted[n-few])
	} else {
		v.Hi = math.Inf(1)
	}
	if n := len(warm); many < n {
		v.Lo = float64(c.sorted[n-1-many])
	}
	return v
}

// consistent is how few and how many of n requests may lie beyond a quantile that
// a share p lies beyond, at whatever moment one looks: a mixture of binomials,
// Beta(1, 1/p − 1), against that of p (Howard and Ramdas, Bernoulli 28, 2022).
// Where neighbours are alike, n counts for less.
func consistent(n int, p, inflation, alpha float64) (few, many int) {
	a, b := 1., 1/p-1
	all := float64(n) / inflation
	limit := -math.Log(alpha) + mathext.Lbeta(a, b)
	may := func(k int) bool {
		x := float64(k) / inflation
		return mathext.Lbeta(x+a, all-x+b)-x*math.Log(p)-(all-x)*math.Log1p(-p) < limit
	}
	at := min(n, int(math.Round(p*float64(n))))
	few = sort.Search(at, may)
	many = at + sort.Search(n-at, func(k int) bool { return !may(at + k + 1) })
	return few, many
}

// share is what the requests that make an executable add to the mean.
func (r *Race) share(c *racer, warm float64) float64 {
	f := r.firsts(c)
	if f == 0 || len(c.firstNs) == 0 {
		return 0
	}
	return f * (timesOf(c.firstNs).Mean() - warm)
}

func series(v []int64, f func(int64) float64) *paired.Series {
	var s paired.Series
	for _, ns := range v {
		s.Add(f(ns))
	}
	return &s
}

func beyond(ns int64, cut float64) float64 {
	if float64(ns) > cut {
		return 1
	}
	return 0
}

// common are the warm times of two candidates in the requests that both ran.
func common(a, b *racer) (x, y []int64) {
	for i, j := 0, 0; i < len(a.block) && j < len(b.block); {
		switch {
		case a.block[i] < b.block[j]:
			i++
		case a.block[i] > b.block[j]:
			j++
		default:
			if !a.first[i] && !b.first[j] {
				x, y = append(x, a.ns[i]), append(y, b.ns[j])
			}
			i, j = i+1, j+1
		}
	}
	return x, y
}

// diff is the objective of a less that of b, ns, from the requests that both
// ran. Mean: that of the differences. Quantile: the difference of the quantiles,
// apart by half of what the share of requests in which only one of them exceeds
// its own is uncertain by, as in package paired.
func (r *Race) diff(a, b *racer, alpha float64) Value {
	x, y := common(a, b)
	if len(x) == 0 {
		return unknown
	}
	q := r.o.Objective.quantile()
	if q == 0 {
		var s paired.Series
		for i := range x {
			s.Add(float64(x[i] - y[i]))
		}
		lo, hi := s.Interval(alpha, true)
		extra := r.share(a, timesOf(x).Mean()) - r.share(b, timesOf(y).Mean())
		return Value{s.Mean() + extra, lo + extra, hi + extra}
	}
	la, lb := r.level(a, q), r.level(b, q)
	if la >= 1 || lb >= 1 {
		return unknown
	}
	sx, sy := slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	cx, cy := quantile.Percentile(sx, la), quantile.Percentile(sy, lb)
	s := paired.Series{Signs: true}
	for i := range x {
		s.Add(beyond(x[i], cx) - beyond(y[i], cy))
	}
	v := Value{cx - cy, math.NaN(), math.NaN()}
	h, top := s.Exceedance(alpha, max(la, lb))/2, 1-.5/float64(len(x))
	if min(la, lb)-h > 0 && max(la, lb)+h < top {
		v.Lo = quantile.Percentile(sx, la-h) - quantile.Percentile(sy, lb+h)
		v.Hi = quantile.Percentile(sx, la+h) - quantile.Percentile(sy, lb-h)
	}
	return v
}

func timesOf(v []int64) *paired.Series {
	return series(v, func(ns int64) float64 { return float64(ns) })
}
