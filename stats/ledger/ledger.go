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

// Evidence is what decides a sample's cause.
type Evidence struct {
	Wall, runDelay int64
	faultNs        float64 // estimated cost of page faults
	Flags          stats.Flag
	Compiled, Cold bool
}

func EvidenceOf(s *stats.Sample) Evidence {
	return Evidence{Wall: max(s.WallNs, 0), runDelay: s.RunDelayNs, Flags: s.Flags,
		faultNs:  float64(max(s.MinFlt, 0))*minFaultNs + float64(max(s.MajFlt, 0))*majFaultNs,
		Compiled: s.CompileNs > 0, Cold: s.Flags&stats.FlagColdStart != 0}
}

// Classify gives the cause a sample has if it is in the tail. shapeMedian is
// the clean median of its shape, laneMedian that of its lane, which stands in
// for a shape without clean samples; both may be NaN.
func Classify(e *Evidence, shapeMedian, laneMedian float64) stats.Cause {
	switch {
	case e.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0 || e.Compiled:
		return stats.CauseCompile
	case e.Flags&stats.FlagCapture != 0:
		return stats.CauseCapture
	case e.Flags&stats.FlagFallback != 0:
		return stats.CauseFallback
	case e.Flags&stats.FlagShapeNew != 0:
		return stats.CauseShapeNew
	case e.Cold:
		return stats.CauseColdStart
	case float64(e.Wall) <= TailFactor*shapeMedian:
		return stats.CauseWork
	case e.Flags&(stats.FlagThrottle|stats.FlagClockDrop) != 0:
		return stats.CauseGPU
	}
	if math.IsNaN(shapeMedian) {
		shapeMedian = laneMedian
	}
	half := (float64(e.Wall) - shapeMedian) / 2
	switch {
	case half > 0 && (float64(e.runDelay) >= half || e.faultNs >= half):
		return stats.CauseHost
	case e.Flags&stats.FlagTool != 0:
		return stats.CauseTool
	}
	return stats.CauseUnexplained
}

// Threshold is the larger of 3 × the median and the p99 of the clean samples.
func Threshold(median, cleanP99 float64) float64 {
	if math.IsNaN(cleanP99) {
		return TailFactor * median
	}
	return math.Max(TailFactor*median, cleanP99)
}
