package live

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/intern"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// shapeState is one executed shape of one mode and strategy, in both lanes.
type shapeState struct {
	lanes           [stats.NumLanes]shapeLane
	id              int32 // in shapeTable.all; −1: the row "more"
	compileNs       int64
	compiles        int
	counted         int64         // of compileNs, what lies in counted samples and so in saved
	gain            paired.Series // eager − optimized of each pair, without compiles
	saved           int64         // eager − optimized, over the pairs, compiles included
	tokens, exec    int64
	firstSeen       int64
	firstNs         int64      // the first run in the optimized lane, compiles included; 0: none
	recent          lastMinute // of the optimized lane
	cached          stats.ShapeRow
	cachedKey       [3]int64
	shape, strategy string
	eagerOfPairs    quantile.Dist // eager latencies of the requests that the optimized lane ran in this shape and the eager lane in another
}

type shapeLane struct {
	seen     int32 // 1 + worker generation that ran it; 0: never
	medianAt int   // size of clean when median is to be computed
	usual    int64 // TailFactor × median
	spikes   spikeRule
	median   float64
	n        int
	clean    quantile.Dist // clean samples
}

// shapeTable finds a sample's shape by strategy and shape, up to cap of them.
type shapeTable struct {
	cap  int
	n    int
	rows [][]*shapeState // by strategy, then shape
	rest *shapeState
	all  []*shapeState
}

func (t *shapeTable) of(in *intern.Interner, s *stats.Sample) *shapeState {
	a, b := in.ID(s.Strategy), in.ID(s.Shape)
	if int(a) < len(t.rows) && int(b) < len(t.rows[a]) && t.rows[a][b] != nil {
		return t.rows[a][b]
	}
	if t.n >= t.cap {
		if t.rest == nil {
			t.rest = &shapeState{shape: intern.More, strategy: intern.More, id: -1}
		}
		return t.rest
	}
	for int(a) >= len(t.rows) {
		t.rows = append(t.rows, nil)
	}
	for int(b) >= len(t.rows[a]) {
		t.rows[a] = append(t.rows[a], nil)
	}
	t.n++
	st := &shapeState{shape: s.Shape, strategy: s.Strategy, firstSeen: s.StartNs}
	t.rows[a][b] = st
	st.id = int32(len(t.all))
	t.all = append(t.all, st)
	return st
}

// noteCompile counts a compile, whether the sample counts or not.
func (st *shapeState) noteCompile(s *stats.Sample) {
	if s.Lane == stats.Optimized && !s.Failed && s.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0 {
		st.compileNs += s.CompileNs
		st.compiles++
	}
	if s.Lane == stats.Optimized && s.Counts() {
		st.counted += s.CompileNs
	}
}

func (t *shapeTable) byID(id int32) *shapeState {
	if id < 0 {
		return t.rest
	}
	return t.all[id]
}

// add takes in a sample that came late, as backlog.take does those of the segment.
func (st *shapeState) add(e *winSample) {
	l := &st.lanes[e.lane()]
	l.n++
	if !e.tagged() {
		l.clean.Record(e.wall)
	}
	if e.lane() == stats.Optimized {
		st.tokens += int64(e.tokens)
		st.exec += int64(e.exec)
		st.recent.add(e)
	}
}

// renew renews the median of a lane's clean samples, when it is due as a sample
// comes. The spike rule has counted all of them so far, also those that wait to be
// drained.
func (m *modeState) renew(st *shapeState, lane stats.Lane) {
	m.drain()
	st.cleanMedian(lane)
	if l := &st.lanes[lane]; l.clean.N == 0 {
		l.medianAt = 1
	}
}

// cleanMedian is the median of the shape's clean samples, at most a quarter, or
// 4,096, of them out of date; NaN without any.
func (st *shapeState) cleanMedian(lane stats.Lane) float64 {
	l := &st.lanes[lane]
	if l.clean.N == 0 {
		return math.NaN()
	}
	if l.clean.N >= l.medianAt {
		l.median, l.medianAt = l.clean.Quantile(0.5), l.clean.N+min(l.clean.N/4+1, 4096)
		l.usual = int64(ledger.TailFactor * l.median)
	}
	return l.median
}

// list gives the shapes that the optimized lane ran, most used first; win
// describes a shape in the sliding window. spread are the
// lanes'.
func (t *shapeTable) list(nowNs int64, spread [stats.NumLanes]quantile.Spread, win func(id int32, spread [stats.NumLanes]quantile.Spread) [stats.NumLanes]stats.ShapeQuantiles) []stats.ShapeRow {
	var out []stats.ShapeRow
	add := func(st *shapeState) {
		if st != nil && st.lanes[stats.Optimized].n > 0 {
			row := st.row(spread)
			row.Window, row.Recent = win(st.id, spread), st.recent.view(nowNs)
			out = append(out, row)
		}
	}
	for _, st := range t.all {
		add(st)
	}
	add(t.rest)
	slices.SortStableFunc(out, func(a, b stats.ShapeRow) int { return b.N - a.N })
	return out
}

// row describes the shape; quantiles are computed again only after they may
// have changed.
func (st *shapeState) row(spread [stats.NumLanes]quantile.Spread) stats.ShapeRow {
	key := [3]int64{int64(st.eagerOfPairs.N + st.lanes[stats.Eager].clean.N + st.lanes[stats.Optimized].n), int64(st.compiles), st.saved}
	if st.cachedKey != key {
		st.cached, st.cachedKey = st.describe(spread), key
	}
	return st.cached
}

func (st *shapeState) describe(spread [stats.NumLanes]quantile.Spread) stats.ShapeRow {
	eager, opt := &st.eagerOfPairs, &st.lanes[stats.Optimized].clean
	if eager.N == 0 {
		eager = &st.lanes[stats.Eager].clean
	}
	eager.Spread, opt.Spread = spread[stats.Eager], spread[stats.Optimized]
	r := stats.ShapeRow{Shape: st.shape, Strategy: st.strategy, N: st.lanes[stats.Optimized].n,
		Clean:     [stats.NumLanes]stats.ShapeQuantiles{eager.OfShape(), opt.OfShape()},
		CompileNs: st.compileNs, SavedNs: float64(st.saved + st.counted), PaddingTax: math.NaN(), FirstSeenNs: st.firstSeen, FirstNs: st.firstNs}
	if st.tokens > 0 && st.exec > 0 {
		r.PaddingTax = float64(st.exec) / float64(st.tokens)
	}
	r.BreakEven = breakEven(float64(r.CompileNs), &st.gain)
	return r
}

// breakEven is the number of further requests until a compile has paid back; 0: it
// has. It is said only where what a request saves, gain, is told apart from
// nothing, at any moment at which one looks.
func breakEven(compileNs float64, gain *paired.Series) int {
	n, each := float64(gain.N()), gain.Mean()
	switch lo, hi := gain.Interval(1-quantile.Confidence, true); {
	case hi < 0:
		return stats.BreakEvenNever
	case !(lo > 0):
		return stats.BreakEvenUntold
	case n*lo >= compileNs:
		return 0
	case n*each >= compileNs: // it may have
		return stats.BreakEvenUntold
	default:
		return int(math.Max(1, math.Min(math.Ceil(compileNs/each-n), 1e9)))
	}
}
