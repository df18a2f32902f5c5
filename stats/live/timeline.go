package live

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
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
	used  bool
	lanes [stats.NumLanes]lineLane
}

type lineLane struct {
	n    uint32
	keep uint32 // every keep-th sample is kept, a power of two
	max  int64
	p50  float64 // of vals, when there were p50N samples
	p50N uint32
	vals []float32 // at most binValues
}

const binValues = 128

func newTimeline(binNs int64, bins int) timeline {
	return timeline{binNs: binNs, bins: make([]lineBin, bins)}
}

// find returns the bin of instant ns, nil if it is too old or no instant at all.
func (t *timeline) find(ns int64) *lineBin {
	if ns < 0 {
		return nil
	}
	no := ns / t.binNs
	if !t.used {
		t.used, t.first, t.last = true, no, no
	}
	t.last = max(t.last, no)
	if no <= t.last-int64(len(t.bins)) {
		return nil
	}
	t.first = min(t.first, no)
	b := &t.bins[no%int64(len(t.bins))]
	if b.no != no || !b.used {
		b.no, b.used = no, true
		for l := range b.lanes {
			b.lanes[l] = lineLane{keep: 1, vals: b.lanes[l].vals[:0]}
		}
	}
	t.cur, t.curFrom = b, no*t.binNs
	return b
}

// take takes samples of one lane into their bins; ends are their instants.
func (t *timeline) take(lane stats.Lane, ends, walls []int64) {
	for len(walls) > 0 {
		b := t.cur
		if b == nil || uint64(ends[0]-t.curFrom) >= uint64(t.binNs) {
			b = t.find(ends[0])
		}
		n := 1
		for b != nil && n < len(walls) && uint64(ends[n]-t.curFrom) < uint64(t.binNs) {
			n++
		}
		if b != nil {
			b.lanes[lane].take(walls[:n])
		}
		ends, walls = ends[n:], walls[n:]
	}
}

func (l *lineLane) take(walls []int64) {
	most := l.max
	if l.keep == 1 && len(l.vals)+len(walls) <= binValues { // all are kept
		for _, v := range walls {
			most = max(most, v)
			l.vals = append(l.vals, float32(v))
		}
		l.max, l.n = most, l.n+uint32(len(walls))
		return
	}
	for _, v := range walls {
		most = max(most, v)
		if l.n&(l.keep-1) == 0 {
			l.keepValue(float32(v))
		}
		l.n++
	}
	l.max = most
}

func (l *lineLane) keepValue(v float32) {
	if len(l.vals) == binValues {
		l.vals = halve(l.vals)
		l.keep *= 2
		if l.n&(l.keep-1) != 0 {
			return
		}
	}
	l.vals = append(l.vals, v)
}

// halve keeps every second value.
func halve(v []float32) []float32 {
	for i := 0; 2*i < len(v); i++ {
		v[i] = v[2*i]
	}
	return v[:(len(v)+1)/2]
}

func (l *lineLane) median() float64 {
	if l.p50N != l.n {
		v := slices.Clone(l.vals)
		slices.Sort(v)
		l.p50, l.p50N = quantile.Percentile(v, 0.5), l.n
	}
	return l.p50
}

// view lists the bins, oldest first, without gaps.
func (t *timeline) view(marks *timelineMarks, mode stats.Mode) []stats.TimeBin {
	if !t.used {
		return nil
	}
	from := max(t.first, t.last-int64(len(t.bins))+1)
	out := make([]stats.TimeBin, 0, t.last-from+1)
	for no := from; no <= t.last; no++ {
		tb := stats.TimeBin{TNs: no * t.binNs}
		b := &t.bins[no%int64(len(t.bins))]
		for l := range tb.Max {
			tb.Max[l], tb.P50[l] = math.NaN(), math.NaN()
			if lane := &b.lanes[l]; b.no == no && lane.n > 0 {
				tb.Max[l] = float64(lane.max)
				tb.P50[l] = lane.median()
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
	kind stats.Kind
	mode string
}

const maxMarks = 2048

func (m *timelineMarks) add(e *stats.Event) {
	switch e.Kind {
	case stats.KindSpike, stats.KindShapeNew, stats.KindLoaded, stats.KindRoute:
		return
	}
	if len(m.ring) < maxMarks {
		m.ring = append(m.ring, mark{e.TNs, e.Kind, e.Mode})
	} else {
		m.ring[m.n%maxMarks] = mark{e.TNs, e.Kind, e.Mode}
	}
	m.n++
}

func (m *timelineMarks) place(bins []stats.TimeBin, binNs int64, mode stats.Mode) {
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
		if k.kind == stats.KindCompile || k.kind == stats.KindRecompile {
			b.Compiles++
		}
		if !slices.Contains(b.Marks, k.kind) {
			b.Marks = append(b.Marks, k.kind)
		}
	}
}
