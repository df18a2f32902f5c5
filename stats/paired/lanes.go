package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// LaneSeries says how far one lane's own figures are to be trusted, by how much
// neighbours are alike. It takes 2 KiB.
type LaneSeries struct {
	value        Series
	middle, tail judged
	aim          [2]float64 // median and p99, as known before the samples they judge
}

// Aim sets the median and the p99 as far as they are known; see Running.Aim.
func (l *LaneSeries) Aim(median, p99 float64) {
	l.aim = [2]float64{median, p99}
	l.middle.now.Signs = true
	l.middle.begin(l.value.n)
	l.tail.begin(l.value.n)
}

// N is the number of samples.
func (l *LaneSeries) N() int { return l.value.n }

// Due reports whether the samples have doubled since.
func (l *LaneSeries) Due() bool { return l.value.n >= 50 && l.value.n >= 2*l.middle.aimed }

// Shares of what the median's inflation is above 1 that those of the p95 and the
// p99 are, where the values are like a Gaussian first-order process: 0.53 to 0.64
// and 0.27 to 0.43 for a lag-1 correlation of 0.5 to 0.99, from its bivariate
// distribution. So much at least, since few values beyond a quantile hide how they
// flock.
const (
	shareP95 = .63
	shareP99 = .42
)

// Spread is by how much the lane's quantiles vary more than they would if the
// samples were independent.
func (l *LaneSeries) Spread() quantile.Spread {
	middle, tail := l.middle.series().lasting(), l.tail.series().lasting()
	return quantile.Spread{middle, max(tail, 1+shareP95*(middle-1)), max(tail, 1+shareP99*(middle-1))}
}

func (l *LaneSeries) effective(q float64) float64 { return float64(l.value.n) / l.Spread().At(q) }

// SpreadOf is the spread of latencies in their order; sorted are the same ascending.
func SpreadOf(order, sorted []int64) quantile.Spread { return seriesOf(order, sorted).Spread() }

func seriesOf(order, sorted []int64) *LaneSeries {
	l := new(LaneSeries)
	l.Aim(quantile.Percentile(sorted, .5), quantile.Percentile(sorted, .99))
	l.AddAll(order)
	return l
}

// FromLanes are the estimates where requests have no partner: latencies of each
// lane in their order, and ascending.
func FromLanes(order, sorted [stats.NumLanes][]int64) Estimates {
	var lanes [stats.NumLanes]*LaneSeries
	var at [stats.NumLanes]func(float64) float64
	for l := range lanes {
		lanes[l] = seriesOf(order[l], sorted[l])
		at[l] = percentilesOf(sorted[l])
	}
	return LaneEstimates(lanes, at, false)
}

// LaneEstimates puts the lanes' own intervals together (MOVER: Donner and Zou,
// Statistical Methods in Medical Research 21, 2012); at gives a lane's quantiles.
func LaneEstimates(lanes [stats.NumLanes]*LaneSeries, at [stats.NumLanes]func(q float64) float64, sequence bool) (out Estimates) {
	e, o := lanes[stats.Eager], lanes[stats.Optimized]
	n := min(e.value.n, o.value.n)
	quantileOf := func(q float64) Estimate {
		x, y := at[stats.Eager](q), at[stats.Optimized](q)
		return Estimate{Diff: y - x, Base: x, N: n, Effective: math.Min(e.effective(q), o.effective(q)), Interval: func(a float64) (lo, hi float64) {
			if n < quantile.Need(q) {
				return math.NaN(), math.NaN()
			}
			xl, xh := e.between(at[stats.Eager], q, a, sequence)
			yl, yh := o.between(at[stats.Optimized], q, a, sequence)
			return y - x - math.Hypot(y-yl, xh-x), y - x + math.Hypot(yh-y, x-xl)
		}}
	}
	out[stats.Median], out[stats.P99] = quantileOf(.5), quantileOf(.99)
	d, inflation, effective := o.value.Mean()-e.value.Mean(), math.Max(e.value.Inflation(), o.value.Inflation()), math.Min(e.value.Effective(), o.value.Effective())
	out[stats.Mean] = Estimate{Diff: d, Base: e.value.Mean(), N: n, Effective: effective, Interval: func(a float64) (lo, hi float64) {
		half := math.Hypot(e.value.SE(), o.value.SE()) * factor(effective*inflation, inflation, a, sequence)
		if math.IsInf(half, 1) {
			return math.NaN(), math.NaN()
		}
		return d - half, d + half
	}}
	return out
}

// between is the interval of one lane's quantile, from ranks.
func (l *LaneSeries) between(at func(float64) float64, q, alpha float64, sequence bool) (lo, hi float64) {
	n, g := float64(l.value.n), l.Spread().At(q)
	half := factor(n, g, alpha, sequence)*math.Sqrt(q*(1-q)*g/n) + 1/n
	if !quantile.Tells(l.value.n, q, g) || math.IsNaN(half) || q-half <= 0 || q+half >= 1-.5/n {
		return math.NaN(), math.NaN()
	}
	return at(q - half), at(q + half)
}

// judged is a Series of judgements against a quantile that is not known before:
// it begins anew each time the quantile is, and what the last one showed counts
// until a quarter as many have come.
type judged struct {
	now, before Series
	aimed       int // values when it began
}

func (j *judged) begin(n int) {
	if j.now.n > 0 {
		j.before = j.now
	}
	j.now, j.aimed = Series{Signs: j.now.Signs}, n
}

func (j *judged) series() *Series {
	if j.before.n > 0 && j.now.n < j.aimed/4 {
		return &j.before
	}
	return &j.now
}
