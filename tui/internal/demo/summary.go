package demo

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

const (
	histLo    = 1e5
	histRatio = 1.08
)

func (s *Source) live(now int64) stats.Live {
	l := stats.Live{Mode: stats.Prefill, Segment: s.seg, BinNs: 250e6, Modes: []stats.Mode{stats.Prefill}}
	for i := range l.Lanes {
		seg := s.pick(i, func(x sample) bool { return x.seg == s.seg })
		win := s.pick(i, func(x sample) bool { return x.seg == s.seg && x.t > now-int64(s.window) })
		l.Lanes[i] = stats.LaneView{
			Session: summary(s.pick(i, func(sample) bool { return true })), Segment: summary(seg), Window: summary(win),
			Hidden: summary(s.pick(i, func(x sample) bool { return x.seg == s.seg && !x.tagged })),
			Hist:   hist(seg), HistWin: hist(win),
		}
		l.Lanes[i].Causes, l.Lanes[i].TailN, l.Lanes[i].TailNs = causes(s.lanes[i])
		l.Lanes[i].SegmentCauses, l.Lanes[i].SegmentTailN, _ = causes(seg)
		l.Total[i] = len(s.lanes[i])
	}
	l.Timeline = s.timeline(now)
	l.Pair = s.pair()
	l.PairAll = l.Pair
	l.Verdict = verdict(&l)
	s.tables(&l)
	return l
}

func (s *Source) pick(lane int, keep func(sample) bool) []sample {
	var out []sample
	for _, x := range s.lanes[lane] {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

func summary(xs []sample) stats.Summary {
	nan := math.NaN()
	v := make([]float64, len(xs))
	total := 0.0
	for i, x := range xs {
		v[i] = x.ns
		total += x.ns
	}
	slices.Sort(v)
	s := stats.Summary{N: len(v), Mean: nan, Std: nan, Min: nan, Max: nan, DeviceP50: nan, DeviceP99: nan, HostShare: nan, TokensPerS: nan, TTFTP50: nan, TTFTP99: nan, ITLP50: nan, ITLP99: nan, ResponseP50: nan, ResponseP99: nan,
		SLOMissed: nan, MeanExclMax: nan, MeanExclTop5: nan, MeanExclFirst: nan, PaddingTax: 1}
	s.P50, s.P90, s.P95, s.P99, s.P999 = quantileOf(v, 0.5, 0), quantileOf(v, 0.9, 44), quantileOf(v, 0.95, 90), quantileOf(v, 0.99, 459), quantileOf(v, 0.999, 4603)
	if n := len(v); n > 0 {
		s.Mean, s.Min, s.Max = total/float64(n), v[0], v[n-1]
		if n > 6 {
			s.MeanExclMax = (total - v[n-1]) / float64(n-1)
			top := v[n-1] + v[n-2] + v[n-3] + v[n-4] + v[n-5]
			s.MeanExclTop5 = (total - top) / float64(n-5)
			s.MeanExclFirst = (total - xs[0].ns) / float64(n-1)
		}
		sq := 0.0
		for _, x := range v {
			sq += (x - s.Mean) * (x - s.Mean)
		}
		s.Std = math.Sqrt(sq / float64(n))
		s.TokensPerS = 24e9 / s.Mean
	}
	return s
}

func quantileOf(v []float64, q float64, need int) stats.Quantile {
	r := stats.Quantile{Q: q, Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), N: len(v), Need: max(0, need-len(v)), Exact: len(v) < 1000}
	if len(v) == 0 {
		r.Need = max(1, need)
		return r
	}
	at := func(p float64) float64 { return v[max(0, min(len(v)-1, int(p*float64(len(v)-1)+0.5)))] }
	r.Value = at(q)
	if r.Need == 0 {
		d := 1.96 * math.Sqrt(q*(1-q)/float64(len(v)))
		r.Lo, r.Hi = at(q-d), at(q+d)
	}
	return r
}

func hist(xs []sample) stats.Histogram {
	h := stats.Histogram{LoNs: histLo, Ratio: histRatio, Counts: make([]uint64, 160), Tagged: make([]uint64, 160)}
	for _, x := range xs {
		i := max(0, min(159, int(math.Log(x.ns/histLo)/math.Log(histRatio))))
		h.Counts[i]++
		if x.tagged {
			h.Tagged[i]++
		}
	}
	return h
}

func causes(xs []sample) ([]stats.CauseRow, int, float64) {
	clean := summary(slices.DeleteFunc(slices.Clone(xs), func(x sample) bool { return x.tagged }))
	limit := math.Max(3*clean.P50.Value, clean.P99.Value)
	by := map[stats.Cause]*stats.CauseRow{}
	n := 0
	for _, x := range xs {
		if !(x.ns > limit) {
			continue
		}
		n++
		c := x.cause
		if c == stats.CauseNone {
			c = stats.CauseUnexplained
			if x.t%3 == 0 {
				c = stats.CauseHost
			}
		}
		if by[c] == nil {
			by[c] = &stats.CauseRow{Cause: c, P99Without: clean.P99.Value, Example: map[stats.Cause]string{
				stats.CauseCompile: "tokens 61 → 74: no executable for this shape", stats.CauseHost: "waited 3.1 ms of 4.2 ms excess for a core", stats.CauseUnexplained: "no event, no delay of the host"}[c]}
		}
		by[c].N++
		by[c].WorstNs = math.Max(by[c].WorstNs, x.ns)
	}
	var rows []stats.CauseRow
	for c := stats.CauseNone; c < stats.NumCauses; c++ {
		if by[c] != nil {
			rows = append(rows, *by[c])
		}
	}
	return rows, n, limit
}

func (s *Source) timeline(now int64) []stats.TimeBin {
	const bin = int64(250e6)
	n := int((now-startNs)/bin) + 1
	from := max(0, n-480)
	out := make([]stats.TimeBin, n-from)
	for i := range out {
		nan := math.NaN()
		out[i] = stats.TimeBin{TNs: startNs + int64(from+i)*bin, Max: [2]float64{nan, nan}, P50: [2]float64{nan, nan}}
	}
	for l := range s.lanes {
		for _, x := range s.lanes[l] {
			if i := int((x.t-startNs)/bin) - from; i >= 0 && i < len(out) && !(out[i].Max[l] > x.ns) {
				out[i].Max[l] = x.ns
			}
		}
	}
	for _, e := range s.events {
		if i := int((e.TNs-startNs)/bin) - from; i >= 0 && i < len(out) {
			out[i].Marks = append(out[i].Marks, e.Kind)
			if e.Kind == stats.KindRecompile {
				out[i].Compiles++
			}
		}
	}
	return out
}
