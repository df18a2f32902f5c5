package stats

import (
	"math"
	"slices"
)

// timeline keeps the slowest sample and the median of each lane in uniform
// bins of time, as many as fit.
type timeline struct {
	binNs int64
	bins  []lineBin // ring by bin number
	first int64     // oldest bin number that was ever used
	last  int64     // newest
	used  bool

	cur     *lineBin // of the last sample
	curFrom int64
}

type lineBin struct {
	no    int64
	n     [NumLanes]int
	max   [NumLanes]int64
	keep  [NumLanes]int     // every keep-th sample is kept, a power of two
	vals  [NumLanes][]int64 // at most binValues
	p50   [NumLanes]float64
	fresh [NumLanes]bool // p50 is of vals
}

const binValues = 128

func newTimeline(binNs int64, bins int) timeline {
	return timeline{binNs: binNs, bins: make([]lineBin, bins)}
}

// bin returns the bin of instant ns, nil if it is too old.
func (t *timeline) bin(ns int64) *lineBin {
	if t.cur != nil && ns >= t.curFrom && ns < t.curFrom+t.binNs {
		return t.cur
	}
	no := ns / t.binNs
	if !t.used {
		t.used, t.first, t.last = true, no, no
	}
	t.last = max(t.last, no)
	if no <= t.last-int64(len(t.bins)) || ns < 0 {
		return nil
	}
	t.first = min(t.first, no)
	b := &t.bins[no%int64(len(t.bins))]
	if b.no != no || b.keep[0] == 0 {
		*b = lineBin{no: no, keep: [NumLanes]int{1, 1},
			vals: [NumLanes][]int64{b.vals[Eager][:0], b.vals[Optimized][:0]}}
	}
	t.cur, t.curFrom = b, no*t.binNs
	return b
}

func (t *timeline) add(s *Sample) {
	b, l := t.bin(s.StartNs+s.WallNs), s.Lane
	if b == nil {
		return
	}
	b.max[l] = max(b.max[l], s.WallNs)
	if b.n[l]&(b.keep[l]-1) == 0 {
		if len(b.vals[l]) == binValues {
			b.vals[l] = halve(b.vals[l])
			b.keep[l] *= 2
		}
		if b.n[l]&(b.keep[l]-1) == 0 {
			b.vals[l] = append(b.vals[l], s.WallNs)
			b.fresh[l] = false
		}
	}
	b.n[l]++
}

// halve keeps every second value.
func halve(v []int64) []int64 {
	for i := 0; 2*i < len(v); i++ {
		v[i] = v[2*i]
	}
	return v[:(len(v)+1)/2]
}

func (b *lineBin) median(l int) float64 {
	if !b.fresh[l] {
		v := slices.Clone(b.vals[l])
		slices.Sort(v)
		b.p50[l], b.fresh[l] = Percentile(v, 0.5), true
	}
	return b.p50[l]
}

// view lists the bins, oldest first, without gaps.
func (t *timeline) view(marks *timelineMarks, mode Mode) []TimeBin {
	if !t.used {
		return nil
	}
	from := max(t.first, t.last-int64(len(t.bins))+1)
	out := make([]TimeBin, 0, t.last-from+1)
	for no := from; no <= t.last; no++ {
		tb := TimeBin{TNs: no * t.binNs}
		b := &t.bins[no%int64(len(t.bins))]
		for l := range tb.Max {
			tb.Max[l], tb.P50[l] = math.NaN(), math.NaN()
			if b.no == no && b.n[l] > 0 {
				tb.Max[l] = float64(b.max[l])
				tb.P50[l] = b.median(l)
			}
		}
		out = append(out, tb)
	}
	marks.place(out, t.binNs, mode)
	return out
}

// timelineMarks are the recent events worth a mark on the timeline.
type timelineMarks struct {
	ring []mark
	n    int
}

type mark struct {
	t    int64
	kind Kind
	mode string
}

const maxMarks = 2048

func (m *timelineMarks) add(e *Event) {
	switch e.Kind {
	case KindSpike, KindShapeNew, KindLoaded, KindRoute:
		return
	}
	if len(m.ring) < maxMarks {
		m.ring = append(m.ring, mark{e.TNs, e.Kind, e.Mode})
	} else {
		m.ring[m.n%maxMarks] = mark{e.TNs, e.Kind, e.Mode}
	}
	m.n++
}

func (m *timelineMarks) place(bins []TimeBin, binNs int64, mode Mode) {
	if len(bins) == 0 {
		return
	}
	name := mode.String()
	for _, k := range m.ring {
		i := (k.t - bins[0].TNs) / binNs
		if k.t < bins[0].TNs || i >= int64(len(bins)) || k.mode != "" && k.mode != name {
			continue
		}
		b := &bins[i]
		if k.kind == KindCompile || k.kind == KindRecompile {
			b.Compiles++
		}
		if !slices.Contains(b.Marks, k.kind) {
			b.Marks = append(b.Marks, k.kind)
		}
	}
}
