package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Estimate is a difference, optimized − eager in ns, that can say how far it is
// to be trusted at any level.
type Estimate struct {
	Diff      float64
	N         int
	Effective float64 // independent values that would tell as much
	Interval  func(alpha float64) (lo, hi float64)
	Base      float64 // the eager lane's figure
	Paired    bool
}

// Estimates are by statistic.
type Estimates [stats.NumStatistics]Estimate

// NoEstimates is where nothing was measured.
func NoEstimates() (out Estimates) {
	for i := range out {
		out[i].Diff = math.NaN()
	}
	return out
}

// alpha is the chance that any of the three statistics is called told apart
// where the lanes do not differ. The median gets most of it: it is what is asked
// most, and what few samples tell.
const alpha = 1 - quantile.Confidence

var weights = [stats.NumStatistics]float64{stats.Median: 3, stats.Mean: 1, stats.P99: 1}

// Rank says of each statistic which lane is ahead and whether that is told
// apart, all three together wrong in no more than 5 % (Holm's procedure with
// weights: Holm, Scandinavian Journal of Statistics 6, 1979: what one statistic
// has won is left to the others). A difference within the noise floor is "~": that
// of an A/A run or of this machine's A/A sessions, whichever is larger; where there
// was neither, one that is told apart and less than share of the eager figure.
func Rank(in Estimates, noise stats.Noise, share float64) stats.Rankings {
	var out stats.Rankings
	var told [stats.NumStatistics]bool
	for again := true; again; {
		again = false
		left := 0.0
		for i, w := range weights {
			if !told[i] {
				left += w
			}
		}
		for i, w := range weights {
			if told[i] {
				continue
			}
			out[i] = in[i].ranking(alpha * w / left)
			if out[i].Told {
				told[i], again = true, true
			}
		}
	}
	floors := [stats.NumStatistics]float64{stats.Median: noise.MedianNs, stats.Mean: noise.Mean(), stats.P99: noise.P99()}
	for i := range out {
		if floor := noise.Shares[i] * in[i].Base; floor > floors[i] {
			floors[i], out[i].Sessions = floor, noise.Sessions
		}
		out[i].Floor = floors[i]
		if r := &out[i]; floors[i] > 0 && math.Abs(r.Diff) <= floors[i] {
			r.Told, r.Winner, r.Ahead = false, "~", "~"
		} else if floor := share * in[i].Base; floors[i] == 0 && r.Told && math.Abs(r.Diff) <= floor {
			r.Told, r.Winner, r.Floor, r.Usual = false, "~", floor, true
		}
	}
	return out
}

func (e *Estimate) ranking(alpha float64) stats.Ranking {
	r := stats.Ranking{Diff: e.Diff, Lo: math.NaN(), Hi: math.NaN(), Level: 1 - alpha, N: e.N, Effective: e.Effective,
		Paired: e.Paired, Ahead: ahead(e.Diff)}
	if e.Interval == nil || math.IsNaN(e.Diff) {
		return r
	}
	if r.Lo, r.Hi = e.Interval(alpha); r.Lo > 0 || r.Hi < 0 {
		r.Told, r.Winner = true, ahead(e.Diff)
	}
	return r
}

// ahead is the lane that a difference favours; "~" where there is none, "" where
// it is not known.
func ahead(d float64) string {
	switch {
	case math.IsNaN(d):
		return ""
	case d < 0:
		return stats.Optimized.String()
	case d > 0:
		return stats.Eager.String()
	}
	return "~"
}

// FromPairs are the estimates of pairs in their order; eager and optimized are
// their latencies, diffs their differences, all ascending. The median is that of
// the differences. n was not chosen by looking.
func FromPairs(pairs []Pair, eager, optimized, diffs []int64) Estimates {
	var r Running
	r.Aim(quantile.Percentile(eager, .99), quantile.Percentile(optimized, .99))
	r.AddAll(pairs)
	return r.Estimates(&Shape{N: len(pairs), DiffAt: percentilesOf(diffs), EagerMean: meanOf(eager),
		LaneAt: [stats.NumLanes]func(float64) float64{percentilesOf(eager), percentilesOf(optimized)}})
}

// percentilesOf gives the quantiles of ascending values.
func percentilesOf(sorted []int64) func(q float64) float64 {
	return func(q float64) float64 { return quantile.Percentile(sorted, q) }
}

func meanOf(v []int64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

// Running keeps what Estimates needs of pairs as they come: 2 KiB.
type Running struct {
	signs, diffs Series
	tails        judged
	aim          [stats.NumLanes]float64 // the lanes' p99s, as known before the pairs they judge
}

// Aim sets the lanes' p99s as far as they are known. Those that come after are
// judged by them, so that what is judged does not choose its own judge.
func (r *Running) Aim(eager, optimized float64) {
	r.aim = [stats.NumLanes]float64{eager, optimized}
	r.tails.begin(r.signs.n)
}

// Due reports whether the pairs have doubled since.
func (r *Running) Due() bool { return r.signs.n >= 100 && r.signs.n >= 2*r.tails.aimed }

// N is the number of pairs.
func (r *Running) N() int { return r.signs.n }

// Shape gives the distributions that belong to a Running.
type Shape struct {
	N         int  // samples a lane
	Sequence  bool // the intervals hold at any moment, however often one looks
	EagerMean float64
	DiffAt    func(q float64) float64               // quantile of the pairs' differences
	LaneAt    [stats.NumLanes]func(float64) float64 // quantile of a lane's latencies
}

// Estimates of median, mean and p99.
//
// Median: order statistics of the differences, as far from their middle as the
// signs' mean is uncertain. Mean: of the differences. p99: the difference of the
// lanes' quantiles at 0.99 ∓ half of what the share of pairs in which only one
// lane exceeds its p99 is uncertain by: shift one lane by δ, and at the ends of
// the interval as many more of its samples lie above the common p99. Noise that
// both lanes share cancels in all three.
func (r *Running) Estimates(s *Shape) (out Estimates) {
	eager, optimized := s.LaneAt[stats.Eager], s.LaneAt[stats.Optimized]
	out[stats.Median] = Estimate{Diff: s.DiffAt(.5), Base: eager(.5), Effective: r.signs.Effective(), Interval: func(a float64) (float64, float64) {
		lo, hi := ranksAround(&r.signs, a, s.Sequence)
		if math.IsNaN(lo) {
			return lo, hi
		}
		return s.DiffAt(lo), s.DiffAt(hi)
	}}
	out[stats.Mean] = Estimate{Diff: r.diffs.Mean(), Base: s.EagerMean, Effective: r.diffs.Effective(), Interval: func(a float64) (float64, float64) {
		return r.diffs.Interval(a, s.Sequence)
	}}
	tails, least := r.tails.series(), r.leastTail()
	out[stats.P99] = Estimate{Diff: optimized(.99) - eager(.99), Base: eager(.99), Effective: float64(r.signs.n) / math.Max(tails.Inflation(), least), Interval: func(a float64) (float64, float64) {
		return tailInterval(s, tails.exceed(r.signs.n, a, least, s.Sequence))
	}}
	for i := range out {
		out[i].N, out[i].Paired = r.signs.n, true
	}
	return out
}

// leastTail is the inflation below which that of the few pairs beyond the lanes'
// p99s is not believed.
func (r *Running) leastTail() float64 { return 1 + shareP99*(r.signs.Inflation()-1) }

// ranksAround are the quantiles between which the median lies. n samples stand
// n+1 apart, so that a rank outwards is counted.
func ranksAround(signs *Series, alpha float64, sequence bool) (lo, hi float64) {
	g, n := signs.Inflation(), float64(signs.n)
	f := factor(n, g, alpha, sequence)
	half := f*math.Sqrt(g/n)/2 + .5/n
	if math.IsInf(f, 1) || half >= .5 {
		return math.NaN(), math.NaN()
	}
	return .5 - half, .5 + half
}

func tailInterval(s *Shape, half float64) (lo, hi float64) {
	q := .99
	if s.N < quantile.Need(q) || math.IsNaN(half) || q+half/2 >= 1-.5/float64(s.N) {
		return math.NaN(), math.NaN()
	}
	e, o := s.LaneAt[stats.Eager], s.LaneAt[stats.Optimized]
	return o(q-half/2) - e(q+half/2), o(q+half/2) - e(q-half/2)
}
