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
}

type lineBin struct {
	no   int64
	n    [NumLanes]int
	max  [NumLanes]int64
	vals [NumLanes][]int64 // a systematic sample of at most binValues
}

const binValues = 128

func newTimeline(binNs int64, bins int) timeline {
	return timeline{binNs: binNs, bins: make([]lineBin, bins)}
}

func (t *timeline) add(s *Sample) {
	no := (s.StartNs + s.WallNs) / t.binNs
	if !t.used {
		t.used, t.first, t.last = true, no, no
	}
	if no > t.last {
		t.last = no
	}
	if no <= t.last-int64(len(t.bins)) || no < 0 {
		return
	}
	t.first = min(t.first, no)
	b := &t.bins[no%int64(len(t.bins))]
	if b.no != no {
		b.no, b.n, b.max = no, [NumLanes]int{}, [NumLanes]int64{}
		b.vals[Eager], b.vals[Optimized] = b.vals[Eager][:0], b.vals[Optimized][:0]
	}
	l := s.Lane
	b.max[l] = max(b.max[l], s.WallNs)
	// Keep every 2^k-th value: when the buffer fills, halve it.
	stride := 1
	for b.n[l]/stride >= binValues {
		stride *= 2
	}
	if b.n[l]%stride == 0 {
		if len(b.vals[l]) >= binValues {
			b.vals[l] = halve(b.vals[l])
		}
		b.vals[l] = append(b.vals[l], s.WallNs)
	}
	b.n[l]++
}

func halve(v []int64) []int64 {
	for i := 0; 2*i < len(v); i++ {
		v[i] = v[2*i]
	}
	return v[:(len(v)+1)/2]
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
				v := slices.Clone(b.vals[l])
				slices.Sort(v)
				tb.P50[l] = Percentile(v, 0.5)
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
