package ledger

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// Estimated cost of a page fault: a minor one is a trip through the kernel
// that maps a page, a major one waits for storage. Both are low on purpose, so
// that faults are blamed only when they are many.
const (
	minFaultNs = 500
	majFaultNs = 100e3
)

// TailFactor is how many medians make a tail, a cold start and an anomaly of a shape.
const TailFactor = 3

// Evidence is what decides a sample's cause, in 32 bytes.
type Evidence struct {
	Wall, RunDelay int64
	compileNs      float32 // part of Wall spent making an executable
	faultNs        float32 // estimated cost of page faults
	Flags          stats.Flag
	Cold           bool // first of its run, and more than 3 × the median of what followed
}

// EvidenceOf takes it from a sample.
func EvidenceOf(s *stats.Sample) Evidence {
	return Evidence{Wall: max(s.WallNs, 0), RunDelay: max(s.RunDelayNs, 0), Flags: s.Flags, compileNs: float32(max(s.CompileNs, 0)),
		faultNs: float32(max(s.MinFlt, 0))*minFaultNs + float32(max(s.MajFlt, 0))*majFaultNs, Cold: s.Flags&stats.FlagColdStart != 0}
}

// Compiled reports whether an executable was made inside the sample.
func (e *Evidence) Compiled() bool {
	return e.compileNs > 0 || e.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0
}

// Base is what the sample would have taken without what is measured of it: making
// executables, waiting for a processor, page faults.
func (e *Evidence) Base() float64 { return math.Max(0, float64(e.Wall)-float64(e.compileNs)-e.host()) }

// CompileNs is the part of Wall spent making an executable.
func (e *Evidence) CompileNs() float64 { return float64(e.compileNs) }

// HostNs is the part of Wall spent waiting for a processor, and for pages as estimated.
func (e *Evidence) HostNs() float64 { return e.host() }

func (e *Evidence) host() float64 { return float64(e.RunDelay) + float64(e.faultNs) }

// Settled is Base, or where that is an anomaly of the shape, what the shape
// should take: the threshold of a tail is made of these, so that what is
// explained, and what is rare and slow, does not raise it. expected is the
// shape's clean median; without one (NaN) a sample that an event marks without
// saying how long it took tells nothing, and ok is false.
func (e *Evidence) Settled(expected float64) (ns int64, ok bool) {
	b := math.Min(e.Base(), 1<<62)
	if b > TailFactor*expected {
		return int64(expected), true
	}
	return int64(b), !math.IsNaN(expected) || e.compileNs > 0 || e.flagged() == stats.CauseUnexplained
}

// Threshold of a tail, from the median and the p99 of settled latencies: the
// larger of 3 × the median and the p99.
func Threshold(median, p99 float64) float64 {
	if math.IsNaN(p99) {
		return TailFactor * median
	}
	return math.Max(TailFactor*median, p99)
}

// Parts are the nanoseconds of a sample's excess over its lane's median, by
// cause. They add up to it, but that measured ones may overlap.
type Parts [stats.NumCauses]float64

// Split gives what is measured its own: compiles, and the host's run-queue delay
// and page faults. Work is what the shape takes longer than the lane's median.
// What is left goes to the first flag without a measure of its own, else it is
// unexplained. shapeMedian is the clean median of its shape, laneMedian that of
// its lane; both may be NaN.
func (e *Evidence) Split(shapeMedian, laneMedian float64) (p Parts, excess float64) {
	expected := shapeMedian
	if math.IsNaN(expected) {
		expected = laneMedian
	}
	if math.IsNaN(expected) {
		expected = e.Base()
	}
	from := expected
	if laneMedian < from {
		from = laneMedian
	}
	excess = math.Max(0, float64(e.Wall)-from)
	within := func(ns float64) float64 { return math.Min(ns, excess) }
	p[stats.CauseCompile] = within(float64(e.compileNs))
	p[stats.CauseHost] = within(e.host())
	p[stats.CauseWork] = within(expected - from)
	rest := math.Max(0, excess-p[stats.CauseCompile]-p[stats.CauseHost]-p[stats.CauseWork])
	p[e.flagged()] += rest
	return p, excess
}

// flagged is the cause that an event names without saying how long it took.
func (e *Evidence) flagged() stats.Cause {
	switch {
	case e.compileNs == 0 && e.Compiled():
		return stats.CauseCompile
	case e.Flags&stats.FlagCapture != 0:
		return stats.CauseCapture
	case e.Flags&stats.FlagFallback != 0:
		return stats.CauseFallback
	case e.Flags&stats.FlagShapeNew != 0:
		return stats.CauseShapeNew
	case e.Cold:
		return stats.CauseColdStart
	case e.Flags&(stats.FlagThrottle|stats.FlagClockDrop) != 0:
		return stats.CauseGPU
	case e.Flags&stats.FlagTool != 0:
		return stats.CauseTool
	}
	return stats.CauseUnexplained
}

// Classify gives the cause a sample has if it is in the tail: that of its largest
// part, which must be at least half of the excess. The order of causes decides
// nothing. Where none is, a sample within 3 × what its shape takes is work.
func Classify(e *Evidence, shapeMedian, laneMedian float64) stats.Cause {
	p, excess := e.Split(shapeMedian, laneMedian)
	most := stats.CauseUnexplained
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		if p[c] > p[most] {
			most = c
		}
	}
	switch {
	case excess <= 0 && e.flagged() != stats.CauseUnexplained:
		return e.flagged()
	case most != stats.CauseUnexplained && p[most] >= excess/2 && excess > 0:
		return most
	case float64(e.Wall) <= TailFactor*shapeMedian:
		return stats.CauseWork
	}
	return stats.CauseUnexplained
}
