package race

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// far is by how much a candidate must be slower in most requests to be out
// before the objective itself can be told apart: a p99 needs hundreds of
// requests, and what takes a quarter longer in most of them is not worth them.
const far = 1.25

// signs counts in how many requests one candidate took more than far times as
// long as another.
type signs struct{ more, n int }

// evidence against "in at most half of the requests": a mixture over shares above
// one half, uniform, which may be looked at whenever one likes (Robbins, Annals
// of Mathematical Statistics 41, 1970; Ville's inequality): a value v has a chance
// of at most 1/v. With all n one way it is (2^(n+1) − 1)/(n+1).
func (s signs) evidence() float64 {
	const steps = 64 // midpoints: within 1 % up to thousands of requests, and no more than a mixture itself
	sum := 0.0
	for i := range steps {
		p := .5 + (float64(i)+.5)/(2*steps)
		sum += math.Exp(float64(s.more)*math.Log(2*p) + float64(s.n-s.more)*math.Log(2*(1-p)))
	}
	return sum / steps
}

// compare counts one request of a against b. Of a mean and of a tail the slower
// half of b's requests decides: a few long ones may make them. Requests that make
// an executable count where most do over the horizon, too.
func (r *Race) compare(a, b Obs) {
	x, y := r.all[a.Candidate], r.all[b.Candidate]
	if x == y || a.Bad != "" || b.Bad != "" || b.First || a.First && r.firsts(x) < .5 || y.out != "" {
		return
	}
	if r.o.Objective != P50 && b.Ns < y.middle() {
		return
	}
	s := &x.slower[b.Candidate]
	s.n++
	if float64(a.Ns) > far*float64(b.Ns) {
		s.more++
	}
}

// middle is the median of what was told so far.
func (c *racer) middle() int64 {
	if len(c.sorted) == 0 {
		return 0
	}
	return c.sorted[len(c.sorted)/2]
}

// judges is how many of the best each candidate is held against: the best by the
// figures so far may have answered too few requests to tell anything.
const judges = 3

// judge throws out who is told to be worse than one of the best, and ends the
// race when nothing is left to tell.
func (r *Race) judge() {
	ranked := r.ranked()
	half := r.o.Alpha / 2 / math.Max(1, float64(len(r.all)-1))
	near := len(ranked) > 0 && len(ranked) == len(r.racing()) && r.keeps(ranked[0])
	for _, c := range slices.Backward(ranked) {
		c.out = r.misses(c, half)
		for _, best := range ranked[:min(judges, len(ranked))] {
			if c != best && best.out == "" && c.out == "" && r.keeps(best) {
				c.out = r.worse(c, best, half)
			}
		}
		c.told = c.out != ""
		near = near && (c.told || c == ranked[0] || r.near(c, ranked[0], half))
	}
	if r.settle(); near && r.over == "" {
		r.Stop(fmt.Sprintf("none of those left is ahead of %s by more than %s", ranked[0].Name, percent(r.o.Margin)))
	}
}

// ranked are the candidates in the race of which the objective is known, the
// best first.
func (r *Race) ranked() []*racer {
	q := r.o.Objective.quantile()
	value := map[*racer]float64{}
	ranked := slices.DeleteFunc(r.racing(), func(c *racer) bool { value[c] = r.point(c, q); return math.IsNaN(value[c]) })
	slices.SortStableFunc(ranked, func(a, b *racer) int { return cmp.Compare(value[a], value[b]) })
	return ranked
}

// point is a value without its interval.
func (r *Race) point(c *racer, q float64) float64 { return r.value(c, q, .5).Ns }

// worse says why a candidate is out against the best; "" it is not.
func (r *Race) worse(c, best *racer, alpha float64) string {
	q := r.o.Objective.quantile()
	if s := c.slower[best.at]; r.plain(best) && s.evidence() >= 1/alpha {
		return fmt.Sprintf("in %d of %d %srequests over %s × %s's time", s.more, s.n, map[bool]string{true: "slower "}[r.o.Objective != P50], strconv.FormatFloat(far, 'g', 3, 64), best.Name)
	}
	if why := r.makes(c, best, q); why != "" {
		return why
	}
	if d := r.diff(c, best, alpha); d.Lo > 0 {
		return fmt.Sprintf("its %s is %s to %s more than %s's", r.o.Objective, millis(int64(d.Lo)), millis(int64(d.Hi)), best.Name)
	}
	return ""
}

// Least numbers of requests, those that made an executable and others, before it
// is said what they take.
const leastFirsts, leastWarm = 5, 20

// makes says why a candidate is out for what it makes: its quantile is one of the
// requests that make an executable, all of which took longer than any of the
// best's that do not; or making adds more to the mean than the best takes.
func (r *Race) makes(c, best *racer, q float64) string {
	warm := best.warm()
	if n := len(c.firstNs); n < leastFirsts || len(warm) < leastWarm {
		return ""
	}
	least := c.firstNs[0]
	what := fmt.Sprintf("%d of %d requests wait for an executable: ", c.Firsts, r.o.Horizon)
	switch adds := r.firsts(c) * float64(least); {
	case q > 0 && r.level(c, q) >= 1 && float64(least) > far*float64(slices.Max(warm)):
		return fmt.Sprintf("%sits %s is one of them, and the least of %d took %s", what, r.o.Objective, len(c.firstNs), millis(least))
	case q == 0 && adds > far*timesOf(warm).Mean():
		return fmt.Sprintf("%sthat adds at least %s to the mean", what, millis(int64(adds)))
	}
	return ""
}

// near reports whether the best is told to be within the margin of a candidate.
func (r *Race) near(c, best *racer, alpha float64) bool {
	d := r.diff(best, c, alpha)
	return d.Hi <= r.o.Margin*r.point(c, r.o.Objective.quantile())
}

func millis(ns int64) string { return strconv.FormatFloat(float64(ns)/1e6, 'g', 3, 64) + " ms" }

func percent(x float64) string { return strconv.FormatFloat(100*x, 'g', 3, 64) + " %" }

// plain reports whether what a candidate makes hardly counts in its objective.
func (r *Race) plain(c *racer) bool {
	q := r.o.Objective.quantile()
	if q > 0 {
		return r.level(c, q) < 1
	}
	return r.point(c, 0) <= 1.1*timesOf(c.sorted).Mean()
}

// keeps reports whether a candidate's p99 keeps the SLO, as far as is known.
func (r *Race) keeps(c *racer) bool { return r.o.SLONs == 0 || r.point(c, .99) <= float64(r.o.SLONs) }

// misses says why a candidate is out by the SLO: it is told that more than 1 %
// of its requests take longer.
func (r *Race) misses(c *racer, alpha float64) string {
	if r.o.SLONs == 0 {
		return ""
	}
	s := series(c.ns, func(ns int64) float64 { return beyond(ns, float64(r.o.SLONs)) })
	if lo, _ := s.Interval(alpha, true); lo > .01 {
		return fmt.Sprintf("at least %s of its requests take longer than %s", percent(lo), millis(r.o.SLONs))
	}
	return ""
}
