package capture

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tailscope/tailscope/stats/advisor"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Step sums up the steps of one size.
type Step struct {
	Tokens int     // of all requests together
	N      int     // how many steps
	Ms     float64 // mean time of one; NaN unknown
	Eager  bool    // they ran without a graph
}

// Limits bound the proposal.
type Limits struct {
	Captured    []int   // sizes captured now, ascending; nil unknown
	Multiple    int     // sizes are multiples of it: 1 + speculative tokens; 0 is 1
	MiBPerGraph float64 // memory of a graph
	MiB         float64 // that graphs may take; 0: as many graphs as now, or 16
	Prompts     string  // "use" or "may use": what steps that read prompts do with the list as well; "": they have another, or none
}

// Advice is a proposal.
type Advice struct {
	Sizes            []int   // ascending
	Steps            int     // that it rests on
	NowMs, ThenMs    float64 // mean step predicted; NaN where no times are known
	SavedMs, Lo, Hi  float64 // a step, and the 95 % interval from resampled steps; NaN where no times are known, the interval of fewer than leastSteps, too
	PaddedNow, After float64 // tokens executed for nothing a step; PaddedNow NaN where it is not known what is captured
	Off              float64 // share of steps that no captured size serves now
	MiB              float64 // graphs take, by MiBPerGraph
	Kept, Above      int     // captured sizes above the largest step, which are among Sizes; of how many
	prompts          string
}

// model is the time of a step: base + per × padded tokens with a graph, and
// eager beyond the sizes.
type model struct{ base, per, eagerBase, eagerPer float64 }

// Advise proposes sizes. The largest observed size is always one.
func Advise(steps []Step, l Limits) (Advice, error) {
	l.Multiple = max(l.Multiple, 1)
	steps = rounded(steps, l.Multiple)
	if len(steps) == 0 {
		return Advice{}, errors.New("no steps were observed")
	}
	m := fit(steps, l.Captured)
	a := Advice{MiB: math.NaN(), prompts: l.Prompts}
	counts := make([]advisor.LengthCount, len(steps))
	for i, s := range steps {
		counts[i] = advisor.LengthCount{Tokens: s.Tokens, N: s.N}
		a.Steps += s.N
	}
	k := l.graphs()
	kept, above := l.keep(steps[len(steps)-1].Tokens, k)
	k -= len(kept)
	plans := advisor.Advise(counts, advisor.CostModel{BaseNs: m.base * 1e6, PerTokenNs: m.per * 1e6, CompileNs: math.NaN(), Limit: k}, k)
	if len(plans) == 0 {
		return Advice{}, errors.New("no sizes can be proposed")
	}
	a.Sizes, a.Kept, a.Above = append(plans[len(plans)-1].Edges, kept...), len(kept), above
	a.MiB = l.MiBPerGraph * float64(len(a.Sizes))
	a.NowMs, a.PaddedNow, a.Off = m.mean(steps, l.Captured)
	a.ThenMs, a.After, _ = m.mean(steps, a.Sizes)
	a.SavedMs = a.NowMs - a.ThenMs
	a.Lo, a.Hi = m.interval(steps, l.Captured, a.Sizes)
	return a, nil
}

// graphs is how many the limit allows.
func (l Limits) graphs() int {
	switch {
	case l.MiB > 0 && l.MiBPerGraph > 0:
		return max(int(l.MiB/l.MiBPerGraph), 1)
	case len(l.Captured) > 0:
		return len(l.Captured)
	}
	return 16
}

// keep is which of the captured sizes above the largest step stay, for steps
// that read prompts, and of how many. Where k graphs do not hold all, they are
// thinned evenly, and the steps have as many as now, or half.
func (l Limits) keep(top, k int) (kept []int, above int) {
	if l.Prompts == "" {
		return nil, 0
	}
	i, _ := slices.BinarySearch(l.Captured, top+1)
	all := l.Captured[i:]
	n := min(len(all), max(k-max(i, 1), k/2))
	for j := range n {
		kept = append(kept, all[(j+1)*len(all)/n-1])
	}
	return kept, len(all)
}

// rounded puts sizes onto multiples, and joins steps of one size and kind.
func rounded(steps []Step, multiple int) []Step {
	var out []Step
	for _, s := range steps {
		if s.N <= 0 || s.Tokens <= 0 {
			continue
		}
		s.Tokens = (s.Tokens + multiple - 1) / multiple * multiple
		if i := slices.IndexFunc(out, func(o Step) bool { return o.Tokens == s.Tokens && o.Eager == s.Eager }); i >= 0 {
			o := &out[i]
			o.Ms = (o.Ms*float64(o.N) + s.Ms*float64(s.N)) / float64(o.N+s.N)
			o.N += s.N
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Step) int { return a.Tokens - b.Tokens })
	return out
}

// fit finds both lines by least squares, weighted by the number of steps.
func fit(steps []Step, captured []int) model {
	var graph, eager line
	for _, s := range steps {
		if math.IsNaN(s.Ms) || s.Ms <= 0 {
			continue
		}
		size, served := next(captured, s.Tokens)
		if s.Eager || captured != nil && !served {
			eager.add(float64(s.Tokens), s.Ms, float64(s.N))
			continue
		}
		graph.add(float64(size), s.Ms, float64(s.N))
	}
	var m model
	m.base, m.per = graph.fit()
	if m.eagerBase, m.eagerPer = eager.fit(); math.IsNaN(m.eagerBase) {
		m.eagerBase, m.eagerPer = m.base, m.per // nothing ran eager: no worse than a graph, as far as is known
	}
	return m
}

// line sums up what a weighted least-squares line needs.
type line struct{ w, x, y, xx, xy float64 }

func (l *line) add(x, y, w float64) {
	l.w, l.x, l.y, l.xx, l.xy = l.w+w, l.x+w*x, l.y+w*y, l.xx+w*x*x, l.xy+w*x*y
}

// fit returns intercept and slope; a slope below zero is none. NaN without points.
func (l *line) fit() (base, per float64) {
	if l.w == 0 {
		return math.NaN(), math.NaN()
	}
	if d := l.w*l.xx - l.x*l.x; d > 1e-9*l.w*l.xx {
		per = max((l.w*l.xy-l.x*l.y)/d, 0)
	}
	return (l.y - per*l.x) / l.w, per
}

// next is the smallest size that serves n tokens.
func next(sizes []int, n int) (int, bool) {
	i, _ := slices.BinarySearch(sizes, n)
	if i == len(sizes) {
		return n, false
	}
	return sizes[i], true
}

// mean predicts the mean step under a list of sizes, its padding, and the
// share of steps that run eager.
func (m model) mean(steps []Step, sizes []int) (ms, padded, off float64) {
	if sizes == nil {
		return math.NaN(), math.NaN(), math.NaN()
	}
	n := 0.0
	for _, s := range steps {
		c, p, eager := m.one(s.Tokens, sizes)
		w := float64(s.N)
		ms, padded, n = ms+w*c, padded+w*float64(p), n+w
		if eager {
			off += w
		}
	}
	return ms / n, padded / n, off / n
}

func (m model) one(tokens int, sizes []int) (ms float64, padded int, eager bool) {
	size, served := next(sizes, tokens)
	if !served {
		return m.eagerBase + m.eagerPer*float64(tokens), 0, true
	}
	return m.base + m.per*float64(size), size - tokens, false
}

// leastSteps is the number of steps below which resampling them tells no interval.
const leastSteps = 30

// interval resamples the steps 200 times: of what a step of traffic like this would
// save. It does not hold the error of the two lines.
func (m model) interval(steps []Step, now, then []int) (lo, hi float64) {
	total := 0
	gain := make([]float64, len(steps))
	for i, s := range steps {
		a, _, _ := m.one(s.Tokens, now)
		b, _, _ := m.one(s.Tokens, then)
		gain[i], total = a-b, total+s.N
	}
	if now == nil || math.IsNaN(m.base) || total < leastSteps {
		return math.NaN(), math.NaN()
	}
	rng := rand.New(rand.NewPCG(uint64(total), 1))
	means := make([]float64, 200)
	for r := range means {
		sum, n := 0.0, 0.0
		for i, s := range steps { // Poisson bootstrap: a normal approximation for large counts
			w := max(float64(s.N)+math.Sqrt(float64(s.N))*rng.NormFloat64(), 0)
			sum, n = sum+w*gain[i], n+w
		}
		means[r] = sum / n
	}
	slices.Sort(means)
	return quantile.Percentile(means, .025), quantile.Percentile(means, .975)
}
