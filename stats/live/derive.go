package live

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/detect"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/quantile"
)

// noteShape flags the first sample of its shape in its lane, mode and strategy
// since the worker started.
func (c *Collector) noteShape(m *modeState, st *shapeState, s *stats.Sample) {
	if s.Failed || st == m.shapes.rest || s.Shape == "" {
		return
	}
	st.lanes[s.Lane].seen = s.Generation + 1
	if s.Lane == stats.Optimized && st.firstNs == 0 {
		st.firstNs = s.WallNs
	}
	if s.Flags&stats.FlagShapeNew != 0 {
		return // the engine has said so, and why
	}
	s.Flags |= stats.FlagShapeNew
	c.out = append(c.out, derived(stats.KindShapeNew, s,
		fmt.Sprintf("shape %s runs for the first time in the %s lane, %s", s.Shape, s.Lane, stats.FormatMs(float64(s.WallNs)))))
}

// derived is an event that a sample caused.
func derived(k stats.Kind, s *stats.Sample, reason string) stats.Event {
	request := s.Request
	return stats.Event{TNs: s.StartNs + s.WallNs, Kind: k, Generation: s.Generation, Segment: s.Segment, Lane: s.Lane.String(),
		Mode: s.Mode.String(), Strategy: s.Strategy, Shape: s.Shape, Request: &request, DurNs: s.WallNs, Reason: reason}
}

// The spike rule: a clean sample above median + 8 × 1.4826 × MAD and above
// 1.5 × the median of the last 64 clean samples of its shape and lane.
// 1.4826 × MAD estimates a normal distribution's standard deviation.
const (
	spikeWindow = 64
	spikeSigmas = 8
	spikeFactor = 1.5
	spikeQuiet  = 16 // samples between two events of one shape
)

type spikeRule struct {
	n, next       int
	over          int64 // the largest latency within limit
	ring          [spikeWindow]int64
	limit, median float64
	last, silent  int
}

// ordinary takes v in where see would find no spike and renew nothing.
func (r *spikeRule) ordinary(v int64) bool {
	if r.n >= r.next || v > r.over {
		return false
	}
	r.ring[uint(r.n)%spikeWindow] = v
	r.n++
	return true
}

// see judges v against the window before it and then takes it in. The limit is
// renewed after a quarter more samples, 512 at most, and soon after a spike,
// so that a new level does not stay one.
func (r *spikeRule) see(v int64) (spike bool) {
	if r.n >= r.next && r.n >= detect.SpikeMin {
		r.refresh()
	}
	if spike = r.limit > 0 && float64(v) > r.limit; spike {
		r.next = min(r.next, r.n+spikeQuiet)
	}
	r.ring[uint(r.n)%spikeWindow] = v
	r.n++
	return spike
}

func (r *spikeRule) refresh() {
	var buf [spikeWindow]int64
	n := copy(buf[:], r.ring[:min(r.n, spikeWindow)])
	for i := range buf[n:] {
		buf[n+i] = math.MaxInt64
	}
	sortWindow(&buf)
	r.median = quantile.Percentile(buf[:n], 0.5)
	r.limit = math.Max(r.median+spikeSigmas*1.4826*medianDeviation(buf[:n], r.median), spikeFactor*r.median)
	r.over = int64(math.Min(r.limit, 1<<62))
	r.next = r.n + min(max(r.n/4, 4), 512)
}

// sortWindow sorts ascending, by a network: no branch to foresee, a third of the time.
func sortWindow(v *[spikeWindow]int64) {
	for _, x := range spikeNetwork {
		i, j := x[0]%spikeWindow, x[1]%spikeWindow
		v[i], v[j] = min(v[i], v[j]), max(v[i], v[j])
	}
}

// spikeNetwork is Batcher's odd-even merge sort (Knuth, The Art of Computer
// Programming 3, 5.2.2M): pairs of places to put in order.
var spikeNetwork = func() (out [][2]uint8) {
	for p := spikeWindow / 2; p > 0; p /= 2 {
		for q, r, d := spikeWindow/2, 0, p; ; q, r, d = q/2, p, q-p {
			for i := range spikeWindow - d {
				if i&p == r {
					out = append(out, [2]uint8{uint8(i), uint8(i + d)})
				}
			}
			if q == p {
				break
			}
		}
	}
	return out
}()

// medianDeviation is the median of |v − m| over ascending values, m between
// the smallest and the largest of them. Deviations grow towards both ends, so
// two fingers walk inwards from there and meet the largest ones first.
func medianDeviation(sorted []int64, m float64) float64 {
	i, j := 0, len(sorted)-1
	next := func() float64 {
		a, b := m-float64(sorted[i]), float64(sorted[j])-m
		if a > b {
			i++
			return a
		}
		j--
		return b
	}
	var d, last float64
	for range len(sorted)/2 + 1 { // the median is this far from the top
		d, last = next(), d
	}
	if len(sorted)%2 == 1 {
		return d
	}
	return (d + last) / 2
}

// noteSpike judges a clean sample.
func (c *Collector) noteSpike(st *shapeState, s *stats.Sample) {
	r := &st.lanes[s.Lane].spikes
	if !r.see(s.WallNs) {
		return
	}
	s.Flags |= stats.FlagSpike
	if r.last > 0 && r.n-r.last < spikeQuiet {
		r.silent++
		return
	}
	reason := fmt.Sprintf("%s, %.1f × the median %s of the last %d clean samples of shape %s",
		stats.FormatMs(float64(s.WallNs)), float64(s.WallNs)/r.median, stats.FormatMs(r.median), min(r.n-1, spikeWindow), s.Shape)
	if r.silent > 0 {
		reason += fmt.Sprintf(", and %d more since the last report", r.silent)
	}
	r.last, r.silent = r.n, 0
	c.out = append(c.out, derived(stats.KindSpike, s, reason))
}

// runStart watches the first sample of a run until coldAfter have followed.
type runStart struct {
	on         bool
	generation int32
	n          int
	ref        causeRef
	e          ledger.Evidence
	shape      *shapeState
	first      stats.Event
	after      [detect.ColdAfter]int64
}

func (c *Collector) noteRun(m *modeState, at *Place, s *stats.Sample, ref causeRef) {
	r := &at.scen.run[s.Lane]
	m.drain() // for the clean medians
	lane := &m.lanes[s.Lane]
	if !r.on || r.generation != s.Generation {
		lane.runs++
		*r = runStart{on: true, generation: s.Generation, ref: ref, e: ledger.EvidenceOf(s),
			shape: at.shape, first: derived(stats.KindColdStart, s, "")}
		return
	}
	r.after[r.n] = s.WallNs
	r.n++
	after := r.after
	slices.Sort(after[:r.n])
	median := quantile.Percentile(after[:r.n], 0.5)
	cold := float64(r.e.Wall) > ledger.TailFactor*median
	lane.causes.setCold(&r.ref, &r.e, cold, r.shape, s.Lane, lane.median())
	if r.n == detect.ColdAfter {
		lane.judged++
		m.settled[at.scenID*stats.NumLanes+int32(s.Lane)] = s.Generation + 1
	}
	if r.n == detect.ColdAfter && cold {
		lane.cold++
		r.first.Reason = fmt.Sprintf("first sample of a run took %s, %.1f × the median %s of the five that followed",
			stats.FormatMs(float64(r.e.Wall)), float64(r.e.Wall)/median, stats.FormatMs(median))
		c.out = append(c.out, r.first)
	}
}

// noteTail gives the sample its cause when it lies in the tail as far as it is
// known, and keeps the worst of each cause as an example.
func (c *Collector) noteTail(m *modeState, l *laneState, s *stats.Sample, ref causeRef) {
	if l.n >= l.nextThreshold {
		h := m.walls(s.Lane)
		l.usual = int64(min(l.tail(h, quantile.OfHist(h, .5, 0, math.MaxInt64)), 1<<62))
		l.nextThreshold = l.n + min(8+l.n/4, 1<<15)
	}
	if s.WallNs <= l.usual {
		return
	}
	if ref.early >= 0 && !l.causes.full {
		x := &l.causes.early[ref.early]
		ref.cause = ledger.Classify(&x.e, x.shape.cleanMedian(s.Lane), l.median())
	}
	s.Cause = ref.cause
	if s.WallNs > l.worst[ref.cause].wall {
		reason := fmt.Sprintf("%s, shape %s", stats.FormatMs(float64(s.WallNs)), s.Shape)
		if e := c.pending.of(s); e != nil && e.reason != "" {
			reason = e.reason
		}
		l.noteWorst(ref.cause, s.WallNs, reason)
	}
}
