package stats

import "math"

// Estimated cost of a page fault: a minor one is a trip through the kernel
// that maps a page, a major one waits for storage. Both are low on purpose, so
// that faults are blamed only when they are many.
const (
	minFaultNs = 500
	majFaultNs = 100e3
)

// tailFactor is how many medians make a tail, a cold start and an anomaly of a shape.
const tailFactor = 3

// evidence is what decides a sample's cause.
type evidence struct {
	wall, runDelay int64
	faultNs        float64 // estimated cost of page faults
	flags          Flag
	compiled, cold bool
}

func evidenceOf(s *Sample) evidence {
	return evidence{wall: max(s.WallNs, 0), runDelay: s.RunDelayNs, flags: s.Flags,
		faultNs:  float64(max(s.MinFlt, 0))*minFaultNs + float64(max(s.MajFlt, 0))*majFaultNs,
		compiled: s.CompileNs > 0, cold: s.Flags&FlagColdStart != 0}
}

// classify gives the cause a sample has if it is in the tail. shapeMedian is
// the clean median of its shape, laneMedian that of its lane, which stands in
// for a shape without clean samples; both may be NaN.
func classify(e *evidence, shapeMedian, laneMedian float64) Cause {
	switch {
	case e.flags&(FlagCompile|FlagRecompile) != 0 || e.compiled:
		return CauseCompile
	case e.flags&FlagCapture != 0:
		return CauseCapture
	case e.flags&FlagFallback != 0:
		return CauseFallback
	case e.flags&FlagShapeNew != 0:
		return CauseShapeNew
	case e.cold:
		return CauseColdStart
	case float64(e.wall) <= tailFactor*shapeMedian:
		return CauseWork
	case e.flags&(FlagThrottle|FlagClockDrop) != 0:
		return CauseGPU
	}
	if math.IsNaN(shapeMedian) {
		shapeMedian = laneMedian
	}
	half := (float64(e.wall) - shapeMedian) / 2
	switch {
	case half > 0 && (float64(e.runDelay) >= half || e.faultNs >= half):
		return CauseHost
	case e.flags&FlagTool != 0:
		return CauseTool
	}
	return CauseUnexplained
}

// tailThreshold is the larger of 3 × the median and the p99 of the clean samples.
func tailThreshold(median, cleanP99 float64) float64 {
	if math.IsNaN(cleanP99) {
		return tailFactor * median
	}
	return math.Max(tailFactor*median, cleanP99)
}

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
	e     evidence
	shape *shapeState
}

type worstSample struct {
	wall   int64
	reason string
}

// causeRef finds a sample again that may yet turn out to be a cold start.
type causeRef struct {
	early int // index, or −1
	cause Cause
}

// judge counts the sample in the ledger of its segment.
func (l *laneState) judge(s *Sample, shape *shapeState, current bool) causeRef {
	if current {
		return l.causes.add(s, shape)
	}
	l.anyClosed = true
	e := evidenceOf(s)
	ref := causeRef{early: -1, cause: classify(&e, shape.cleanMedian(s.Lane), math.NaN())}
	l.closed.tally(ref.cause, &e)
	return ref
}

func (l *causeLedger) add(s *Sample, shape *shapeState) causeRef {
	if !l.full {
		if len(l.early) < exactBelow-1 {
			l.early = append(l.early, earlySample{evidenceOf(s), shape})
			return causeRef{early: len(l.early) - 1}
		}
		l.settle(s.Lane)
	}
	e := evidenceOf(s)
	ref := causeRef{early: -1, cause: classify(&e, shape.cleanMedian(s.Lane), math.NaN())}
	l.hists.tally(ref.cause, &e)
	return ref
}

// causeHists are the latencies by cause. Work stays empty, and the place of
// CauseNone counts, of the compiles, those that were their strategy's first.
type causeHists [NumCauses]*hist

const firstCompiles = CauseNone

func (h *causeHists) tally(c Cause, e *evidence) {
	if c == CauseWork {
		return
	}
	h.put(c, e.wall)
	if c == CauseCompile && e.flags&FlagCompile != 0 {
		h.put(firstCompiles, e.wall)
	}
}

func (h *causeHists) put(c Cause, wall int64) {
	if h[c] == nil {
		h[c] = new(hist)
	}
	h[c].record(max(wall, 0))
}

// settle judges the early samples for good.
func (l *causeLedger) settle(lane Lane) {
	l.full = true
	for i := range l.early {
		x := &l.early[i]
		l.hists.tally(classify(&x.e, x.shape.cleanMedian(lane), math.NaN()), &x.e)
	}
	l.early = nil
}

// setCold changes whether the sample that ref and e describe is a cold start.
func (l *causeLedger) setCold(ref *causeRef, e *evidence, cold bool, shape *shapeState, lane Lane) {
	if e.cold == cold {
		return
	}
	median := shape.cleanMedian(lane)
	if ref.early >= 0 && l.full { // settled since, by the same rule
		ref.cause, ref.early = classify(e, median, math.NaN()), -1
	}
	e.cold = cold
	if ref.early >= 0 {
		l.early[ref.early].e.cold = cold
		return
	}
	old := ref.cause
	ref.cause = classify(e, median, math.NaN())
	if old == ref.cause {
		return
	}
	if old != CauseWork && l.hists[old] != nil {
		l.hists[old].remove(max(e.wall, 0))
	}
	l.hists.tally(ref.cause, e)
}

// fold settles a segment's ledger into the closed ones.
func (l *laneState) fold(lane Lane) {
	for c, h := range l.causes.counted(lane) {
		if h == nil {
			continue
		}
		if l.closed[c] == nil {
			l.closed[c] = new(hist)
		}
		l.closed[c].merge(h)
	}
	l.anyClosed = true
	l.causes = causeLedger{}
}

func (l *laneState) noteWorst(c Cause, wall int64, reason string) {
	if wall > l.worst[c].wall {
		l.worst[c] = worstSample{wall, reason}
	}
}
