package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/quantile"
)

// causeLedger counts one lane's samples by the cause they have if they are in
// the tail. Up to 1,000 samples are kept and judged anew for each view; after
// that each is judged once, with the medians known when it came. Work is not
// counted: it is what the other causes leave.
type causeLedger struct {
	early []earlySample
	full  bool
	hists causeHists
}

type earlySample struct {
	e     ledger.Evidence
	shape *shapeState
}

type worstSample struct {
	wall   int64
	reason string
}

// causeRef finds a sample again that may yet turn out to be a cold start.
type causeRef struct {
	early int // index, or −1
	cause stats.Cause
}

// judge counts the sample in the ledger of its segment.
func (l *laneState) judge(s *stats.Sample, shape *shapeState, current bool) causeRef {
	e := ledger.EvidenceOf(s)
	l.odd.add(&e, shape.cleanMedian(s.Lane))
	if current {
		return l.causes.add(&e, s.Lane, shape, l.median())
	}
	l.anyClosed = true
	ref := causeRef{early: -1, cause: ledger.Classify(&e, shape.cleanMedian(s.Lane), l.median())}
	l.closed.tally(ref.cause, &e)
	return ref
}

func (l *causeLedger) add(e *ledger.Evidence, lane stats.Lane, shape *shapeState, laneMedian float64) causeRef {
	if !l.full {
		if len(l.early) < quantile.ExactBelow-1 {
			l.early = append(l.early, earlySample{*e, shape})
			return causeRef{early: len(l.early) - 1}
		}
		l.settle(lane, laneMedian)
	}
	ref := causeRef{early: -1, cause: ledger.Classify(e, shape.cleanMedian(lane), laneMedian)}
	l.hists.tally(ref.cause, e)
	return ref
}

// oddSamples are those that were looked at: as they were, and as they count for
// the threshold of the tail. All others count as they are.
type oddSamples struct{ walls, settled *quantile.Hist }

func (o *oddSamples) add(e *ledger.Evidence, shapeMedian float64) {
	if o.walls == nil {
		o.walls, o.settled = new(quantile.Hist), new(quantile.Hist)
	}
	o.walls.Record(e.Wall)
	if ns, ok := e.Settled(shapeMedian); ok {
		o.settled.Record(ns)
	}
}

// median of the lane as last computed; NaN before.
func (l *laneState) median() float64 {
	if l.settledMedian == 0 {
		return math.NaN()
	}
	return l.settledMedian
}

// tail computes the threshold of the tail of the lane's whole session, of which h,
// which it changes, has the latencies; median is theirs.
func (l *laneState) tail(h *quantile.Hist, median float64) float64 {
	if h.N() == 0 {
		return math.NaN()
	}
	if l.odd.walls != nil {
		h.SubAbove(l.odd.walls, -1)
		h.Merge(l.odd.settled)
	}
	if h.N() == 0 { // all are marked, none says how long it took
		return ledger.Threshold(median, math.NaN())
	}
	at := func(q float64) float64 { return quantile.OfHist(h, q, 0, math.MaxInt64) }
	l.settledMedian = at(.5)
	return ledger.Threshold(l.settledMedian, at(.99))
}

// causeHists are the latencies by cause. Work stays empty, and the place of
// CauseNone counts, of the compiles, those that were their strategy's first.
type causeHists [stats.NumCauses]*quantile.Hist

const firstCompiles = stats.CauseNone

func (h *causeHists) tally(c stats.Cause, e *ledger.Evidence) {
	if c == stats.CauseWork {
		return
	}
	h.put(c, e.Wall)
	if c == stats.CauseCompile && e.Flags&stats.FlagCompile != 0 {
		h.put(firstCompiles, e.Wall)
	}
}

func (h *causeHists) put(c stats.Cause, wall int64) {
	if h[c] == nil {
		h[c] = new(quantile.Hist)
	}
	h[c].Record(max(wall, 0))
}

// settle judges the early samples for good.
func (l *causeLedger) settle(lane stats.Lane, laneMedian float64) {
	l.hists = l.counted(lane, laneMedian)
	l.full, l.early = true, nil
}

// setCold changes whether the sample that ref and e describe is a cold start.
func (l *causeLedger) setCold(ref *causeRef, e *ledger.Evidence, cold bool, shape *shapeState, lane stats.Lane, laneMedian float64) {
	if e.Cold == cold {
		return
	}
	median := shape.cleanMedian(lane)
	if ref.early >= 0 && l.full { // settled since, by the same rule
		ref.cause, ref.early = ledger.Classify(e, median, laneMedian), -1
	}
	e.Cold = cold
	if ref.early >= 0 {
		l.early[ref.early].e.Cold = cold
		return
	}
	old := ref.cause
	ref.cause = ledger.Classify(e, median, laneMedian)
	if old == ref.cause {
		return
	}
	if old != stats.CauseWork && l.hists[old] != nil {
		l.hists[old].Remove(max(e.Wall, 0))
	}
	l.hists.tally(ref.cause, e)
}

// fold settles a segment's ledger into the closed ones.
func (l *laneState) fold(lane stats.Lane) {
	for c, h := range l.causes.counted(lane, l.median()) {
		if h == nil {
			continue
		}
		if l.closed[c] == nil {
			l.closed[c] = new(quantile.Hist)
		}
		l.closed[c].Merge(h)
	}
	l.anyClosed = true
	l.causes = causeLedger{}
}

func (l *laneState) noteWorst(c stats.Cause, wall int64, reason string) {
	if wall > l.worst[c].wall {
		l.worst[c] = worstSample{wall, reason}
	}
}
