package demo

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

func (s *Source) pair() stats.PairView {
	nan := math.NaN()
	p := stats.PairView{MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan, NoiseNs: nan, BlockLen: 16}
	e := s.pick(0, func(x sample) bool { return x.seg == s.seg })
	o := s.pick(1, func(x sample) bool { return x.seg == s.seg })
	p.N = len(e)
	if p.N == 0 {
		return p
	}
	var d, ev, ov []float64
	won, ratio := 0, 0.0
	for i := range e {
		d = append(d, o[i].ns-e[i].ns)
		ev, ov = append(ev, e[i].ns), append(ov, o[i].ns)
		if o[i].ns < e[i].ns {
			won++
		}
		ratio += math.Log(o[i].ns / e[i].ns)
	}
	slices.Sort(d)
	slices.Sort(ev)
	slices.Sort(ov)
	q := quantileOf(d, 0.5, 0)
	p.MedianDiff, p.DiffLo, p.DiffHi = q.Value, q.Lo, q.Hi
	p.ShareWon, p.RatioGeomean = float64(won)/float64(p.N), math.Exp(ratio/float64(p.N))
	for _, q := range []float64{.01, .05, .1, .25, .5, .75, .9, .95, .975, .99, .995, .999} {
		a, b := quantileOf(ev, q, 0), quantileOf(ov, q, 0)
		w := 0.1*math.Abs(b.Value-a.Value) + 4e4
		lo, hi := b.Value-a.Value-w, b.Value-a.Value+w
		if float64(p.N)*(1-q) < 20 {
			lo, hi = nan, nan
		}
		p.DeltaQ, p.Delta, p.DeltaLo, p.DeltaHi = append(p.DeltaQ, q), append(p.Delta, b.Value-a.Value), append(p.DeltaLo, lo), append(p.DeltaHi, hi)
	}
	for q := 0.5; q < 1; q += 0.001 {
		if quantileOf(ov, q, 0).Value > quantileOf(ev, q, 0).Value {
			p.Crossover = q
			break
		}
	}
	return p
}

func verdict(l *stats.Live) stats.Verdict {
	e, o := &l.Lanes[0].Segment, &l.Lanes[1].Segment
	if e.N < 100 {
		return stats.Verdict{Code: "too_few", Sentence: fmt.Sprintf("Too few samples for a verdict: %d of 459 that p99 needs.", e.N)}
	}
	win := func(a, b float64) string {
		if b < a {
			return "optimized"
		}
		return "eager"
	}
	v := stats.Verdict{WinnerMean: win(e.Mean, o.Mean), WinnerP50: win(e.P50.Value, o.P50.Value), WinnerP99: win(e.P99.Value, o.P99.Value)}
	v.Advice = []stats.Advice{{Rule: "stabilise_shapes", Sentence: "Compile prefill with padded shapes: the tail of the variable strategy is compiles and nothing else.",
		Evidence: []string{fmt.Sprintf("p99 %.2f ms; %.2f ms without compiles", o.P99.Value/1e6, l.Lanes[1].Hidden.P99.Value/1e6), "prompts are at most 128 tokens long, padding costs 1.9 times the tokens"}}}
	if v.WinnerP50 == v.WinnerP99 {
		v.Code, v.Sentence = "agree", fmt.Sprintf("Mean, median and p99 agree: %s is faster (p50 %.2f against %.2f ms, p99 %.2f against %.2f ms).", v.WinnerP50, o.P50.Value/1e6, e.P50.Value/1e6, o.P99.Value/1e6, e.P99.Value/1e6)
		return v
	}
	v.Code = "flip"
	v.Sentence = fmt.Sprintf("The optimized lane wins the median (%.2f against %.2f ms) and loses p99 (%.2f against %.2f ms): %d of %d samples, all of them compiles, make its tail.",
		o.P50.Value/1e6, e.P50.Value/1e6, o.P99.Value/1e6, e.P99.Value/1e6, l.Lanes[1].TailN, o.N)
	return v
}

func (s *Source) tables(l *stats.Live) {
	for i, name := range []string{"single_short", "single_medium", "single_long", "stress_single", "batch_short"} {
		r := stats.ScenarioRow{Scenario: name, Pair: l.Pair}
		for k := range r.Lanes {
			r.Lanes[k] = summary(s.pick(k, func(x sample) bool { return x.seg == s.seg && int(x.t/8_300_000)%5 == i }))
		}
		r.Pair.N = r.Lanes[0].N
		r.Session, r.Window = r.Lanes, r.Lanes
		l.Scenarios = append(l.Scenarios, r)
	}
	for _, seg := range s.segs {
		for k := range seg.Lanes {
			seg.Lanes[k] = summary(s.pick(k, func(x sample) bool { return x.seg == seg.Segment }))
		}
		seg.PairedDiff = seg.Lanes[1].P50.Value - seg.Lanes[0].P50.Value
		l.Segments = append(l.Segments, seg)
	}
	var toks []int
	for t := range s.shapes {
		toks = append(toks, t)
	}
	slices.Sort(toks)
	for _, t := range toks {
		n := s.shapes[t]
		saved := float64(n) * 5e5
		be := max(0, int((31e6-saved)/5e5))
		l.Shapes = append(l.Shapes, stats.ShapeRow{Shape: fmt.Sprintf("1x%d", t), Strategy: s.strategy, N: n,
			Clean:     [stats.NumLanes]stats.ShapeQuantiles{shapeQuantiles(n, 1.1e6+float64(t)*1.4e4), shapeQuantiles(n, 0.58*(1.1e6+float64(t)*1.4e4))},
			CompileNs: 31e6, SavedNs: saved, BreakEven: be, PaddingTax: 1, FirstSeenNs: startNs})
	}
	l.Gauges = []stats.Gauge{{Mode: "prefill", Strategy: s.strategy, Used: len(s.shapes), Limit: s.limit, Reached: len(s.shapes) >= s.limit, Per100: 1.2, Forecast: 40, Sentence: "at this churn the limit is reached in about 40 requests"}}
	nan := math.NaN()
	for k := 1; k <= 4; k++ {
		edges := []int{32, 64, 96, 128}[4-k:]
		l.Advisor = append(l.Advisor, stats.BucketPlan{Edges: edges, Waste: 2.4 / float64(k), PredictedP50: 1.5e6 - 1e5*float64(k), PredictedP99: 2.2e6 + 2e5*float64(k), MeasuredP50: nan, MeasuredP99: nan, Compiles: k, Chosen: k == 3})
	}
	l.Detectors = []stats.Detection{
		{Name: "cold_start", State: "ok", Sentence: "No run began with a sample over 3 times the median of the rest."},
		{Name: "churn", State: "warn", Sentence: "1.2 new shapes per hundred requests over the last window; each costs about 31 ms."},
		{Name: "change_point", State: "ok", Sentence: "The median is steady since 0:04."},
		{Name: "bimodal", State: "few", Sentence: "Too few samples: 120 of 200."},
		{Name: "drift", State: "ok", Sentence: "No drift: slope of the median within noise."},
		{Name: "divergence", State: "ok", Sentence: "All outputs compared so far are equal within tolerance."},
	}
}

// shapeQuantiles are those of n clean samples about a median.
func shapeQuantiles(n int, p50 float64) stats.ShapeQuantiles {
	need := func(q float64) int { return max(0, quantile.Need(q)-n) }
	return stats.ShapeQuantiles{N: n, P50: stats.Quantile{Q: .5, Value: p50, N: n, Need: need(.5)}, P99: stats.Quantile{Q: .99, Value: 1.2 * p50, N: n, Need: need(.99)}}
}
