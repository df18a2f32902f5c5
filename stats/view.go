package stats

import "fmt"

// The types of a live view: what a Collector hands to the screen, at most 30
// times a second. A view is a copy: nothing in it changes after it was made.

// Quantile is an estimate with what supports it. Values are nanoseconds.
type Quantile struct {
	Q      float64 // 0 to 1
	Value  float64 // NaN without samples
	Lo, Hi float64 // distribution-free 95 % interval from order statistics; NaN where n is too small
	N      int     // samples it rests on
	Need   int     // further samples it needs before it should be believed; 0: enough
	Alike  bool    // there are samples enough for an interval, but neighbours are so alike that they tell none
	Exact  bool    // from raw samples; otherwise from a histogram, relative error at most 0.1 %
}

// Summary describes one group of samples. Times are nanoseconds.
type Summary struct {
	N             int
	Effective     float64 // independent samples that would tell as much of the median; 0: not known
	Mean, Std     float64
	Min, Max      float64
	P50, P90, P95 Quantile
	P99, P999     Quantile
	MeanExclMax   float64 // NaN where it does not apply
	MeanExclTop5  float64
	MeanExclFirst float64
	DeviceP50     float64 // NaN without device times
	DeviceP99     float64
	TokensPerS    float64
	TTFTP50       float64 // time to first token; NaN without
	TTFTP99       float64
	ITLP50        float64 // inter-token latency, from decode steps
	ITLP99        float64
	ResponseP50   float64 // open loop; NaN otherwise
	ResponseP99   float64
	SLOMissed     float64 // share, NaN without a service level
	SLOLo, SLOHi  float64
	PaddingTax    float64 // executed over semantic tokens, 1 = none
	HostShare     float64 // 1 − device time ÷ wall time, over samples with device times; NaN without
	Limit         Limit
	Compiles      int
	Warnings      []string
}

// Histogram is a latency histogram over logarithmic bins.
type Histogram struct {
	LoNs   float64  // left edge of bin 0
	Ratio  float64  // width of a bin: right edge ÷ left edge
	Counts []uint64 // all samples
	Tagged []uint64 // those with an event attached (compile, fallback, first of a shape, …)
}

// CauseRow is one line of the cause ledger of one lane.
type CauseRow struct {
	Cause      Cause
	N          int
	P99Without float64 // p99 of the lane without the samples of this cause, ns
	SumNs      float64 // of the samples' latencies
	WorstNs    float64
	Example    string // a sentence about the worst one

	FirstCompiles int // of N, those that were the first compile of their mode and strategy; the others are recompiles
}

// LaneView is everything the screen shows of one lane in the current mode.
type LaneView struct {
	Session Summary // whole session
	Segment Summary // current segment
	Window  Summary // sliding window
	Hidden  Summary // current segment without tagged samples (key h)
	Hist    Histogram
	HistWin Histogram // of the window
	Causes  []CauseRow
	TailN   int
	TailNs  float64 // threshold

	SegmentCauses []CauseRow // the ledger of the current segment, same threshold
	SegmentTailN  int
}

// PairView describes optimized − eager of interleaved requests.
type PairView struct {
	N                          int
	MedianDiff, DiffLo, DiffHi float64 // ns
	ShareWon                   float64
	RatioGeomean               float64
	Crossover                  float64   // quantile (0–1) up to which the optimized lane wins; 1: up to the maximum; NaN: not told
	CrossLo, CrossHi           float64   // between which it lies: the last quantile told for the optimized lane, the first for the eager one; NaN for 0 and 1
	DeltaQ                     []float64 // quantiles of Delta
	Delta, DeltaLo, DeltaHi    []float64 // optimized − eager at DeltaQ, ns; bands NaN where not offered
	BlockLen                   int       // of the bootstrap
	P                          float64   // Wilcoxon signed-rank, two-sided; NaN without pairs
	PHolm                      float64   // the same corrected over the rows of its table; NaN where there is no table
	NoiseNs                    float64   // half width of the A/A noise floor of the median difference; NaN if unknown
	Second                     Second    // of the latest pairs; zero: not known
}

// Second is the latency of a lane that runs second over that of the same lane
// running first, with its 95 % interval; NaN or zero where it is not known.
type Second struct{ Ratio, Lo, Hi float64 }

// Told reports whether running second is told to matter.
func (s Second) Told() bool { return s.Ratio > 0 && (s.Lo > 1 || s.Hi < 1) }

// Words are what running second adds: "+3.1 % [+2.0, +4.2]".
func (s Second) Words() string {
	percent := func(ratio float64) string { return fmt.Sprintf("%+.1f", 100*(ratio-1)) }
	return fmt.Sprintf("%s %% [%s, %s]", percent(s.Ratio), percent(s.Lo), percent(s.Hi))
}

// SegmentRow is one line of the before/after table.
type SegmentRow struct {
	Segment    int32
	Label      string // what the toggle made of it, e.g. "padded"
	AA         bool   // its second lane is another eager session, never to be counted as optimized
	StartNs    int64
	EndNs      int64 // 0: running
	Lanes      [NumLanes]Summary
	PairedDiff float64

	// P is of the paired log ratio, optimized over eager, against that of the
	// segment before, two-sided: what the host does to both lanes cancels. NaN for
	// the first row and where one has too few pairs.
	P     float64
	PHolm float64 // corrected over the rows of the table
}

// ScenarioRow is one line of the scenario table.
type ScenarioRow struct {
	Scenario string
	Lanes    [NumLanes]Summary // current segment
	Session  [NumLanes]Summary // whole session
	Window   [NumLanes]Summary // sliding window
	Pair     PairView          // current segment
	Recent   [NumLanes]*Recent // the last minute; nil: nothing ran in it
}

// ShapeRow is one executed shape of the optimized lane.
type ShapeRow struct {
	Shape       string
	Strategy    string
	N           int
	Clean       [NumLanes]ShapeQuantiles // clean samples of the whole session; eager: the same requests
	Window      [NumLanes]ShapeQuantiles // all samples of the sliding window in this shape; N is 0 where the window is the segment
	CompileNs   int64
	SavedNs     float64 // so far: eager − optimized over the pairs, without the compiles
	BreakEven   int     // further requests until the compile has paid back; 0: it has; or BreakEvenNever, BreakEvenUntold
	PaddingTax  float64
	FirstSeenNs int64
	FirstNs     int64   // its first run in the optimized lane, a compile included; 0: it was not seen
	Recent      *Recent // the last minute of the optimized lane; nil: it did not run
}

// RecentSeconds is how far back Recent reaches.
const RecentSeconds = 60

// Recent is the slowest sample of each second of the last minute, the newest
// last. A new one is made for each view.
type Recent struct {
	SlowestNs [RecentSeconds]float32 // 0: none
	Tagged    uint64                 // bit i: the slowest of second i has an event attached or is the first of its shape
}

// Break-evens that are no number of requests.
const (
	BreakEvenNever  = -1 // a request saves nothing, told apart from saving
	BreakEvenUntold = -2 // what a request saves is not told apart from nothing
)

// ShapeQuantiles are one lane's latencies in one shape.
type ShapeQuantiles struct {
	N        int
	P50, P99 Quantile
}

// Gauge is the recompile limit as it fills.
type Gauge struct {
	Mode, Strategy string
	Used, Limit    int
	Reached        bool
	Per100         float64 // compiles per hundred requests, over the window
	Forecast       int     // requests until the limit at this churn; -1: none in sight
	Sentence       string
}

// BucketPlan is one row of the bucket advisor.
type BucketPlan struct {
	Edges        []int
	Waste        float64 // executed over semantic tokens − 1
	PredictedP50 float64 // ns
	PredictedP99 float64
	MeasuredP50  float64 // NaN until applied
	MeasuredP99  float64
	Compiles     int // executables it makes
	Over         int // executed lengths beyond the recompile limit, which run eager
	N            int // requests whose lengths it weighs
	Chosen       bool
	Asked        bool // the edges in force, or those the user asks about
}

// Detection is what one detector says.
type Detection struct {
	Name     string // cold_start, spike, churn, change_point, bimodal, drift, divergence
	State    string // ok, warn, few (too few samples)
	Sentence string
}

// TimeBin is one column of the timeline: the slowest sample of each lane in
// the bin, NaN where there is none.
type TimeBin struct {
	TNs      int64
	Max      [NumLanes]float64
	P50      [NumLanes]float64
	Compiles int
	Marks    []Kind
}

// Live is what a Collector knows about the current mode.
type Live struct {
	Mode      Mode
	Segment   int32
	Lanes     [NumLanes]LaneView
	Pair      PairView // current segment
	PairAll   PairView // session
	Verdict   Verdict
	Scenarios []ScenarioRow
	Shapes    []ShapeRow
	Segments  []SegmentRow
	Gauges    []Gauge
	Advisor   []BucketPlan
	Detectors []Detection
	Timeline  []TimeBin // oldest first, uniform bins
	BinNs     int64
	Total     [NumLanes]int // samples that count, all modes
	Modes     []Mode        // modes with samples

	PaddingNs float64 // estimated time spent on padding by the optimized lane in the current segment; NaN unknown
	LostPairs int     // halves of pairs whose other half came too late or never
}
