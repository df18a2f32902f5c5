package exact

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/verdict"
)

// Slow is one of the slowest samples, with what is known of it. Times in ns.
type Slow struct {
	Seq, Request              uint64
	Lane                      stats.Lane
	Segment                   int32
	Scenario, Strategy, Shape string
	Cause                     stats.Cause // none: not in the tail
	WallNs                    int64
	CompileNs, WaitNs         float64 // of it: making an executable, waiting for a processor and for pages
}

// Slowest are the n slowest samples that count, the slowest first.
func (a *Analysis) Slowest(mode stats.Mode, n int) []Slow {
	m := a.modes[mode]
	if m == nil {
		return nil
	}
	a.finish(m)
	var at []int32
	for i := range m.rows {
		if m.rows[i].counts() {
			at = append(at, int32(i))
		}
	}
	slices.SortStableFunc(at, func(x, y int32) int { return cmp.Compare(m.rows[y].e.Wall, m.rows[x].e.Wall) })
	var out []Slow
	for _, i := range at[:min(n, len(at))] {
		r := &m.rows[i]
		k := &m.kinds.all[r.kind]
		out = append(out, Slow{Seq: r.seq, Request: r.request, Lane: k.lane, Segment: k.segment, Scenario: a.strings.Name(k.scenario), Strategy: a.strings.Name(k.strategy),
			Shape: a.strings.Name(k.shape), Cause: r.cause, WallNs: r.e.Wall, CompileNs: r.e.CompileNs(), WaitNs: r.e.HostNs()})
	}
	return out
}

// Shape is what samples of one shape and strategy took.
type Shape struct {
	Name, Strategy string
	Walls          [stats.NumLanes][]int64 // ascending
	Compiled       int                     // samples of the optimized lane that made an executable
	CompileNs      float64                 // that they spent on it
}

// Shapes are those of a mode, A/A apart, by what their executables cost and then by how often they came.
func (a *Analysis) Shapes(mode stats.Mode) []Shape {
	m := a.modes[mode]
	if m == nil {
		return nil
	}
	a.finish(m)
	type key struct{ shape, strategy int32 }
	at := map[key]int{}
	var out []Shape
	for i := range m.rows {
		r := &m.rows[i]
		k := &m.kinds.all[r.kind]
		if !r.counts() || a.aaSegment(k.segment) {
			continue
		}
		j, ok := at[key{k.shape, k.strategy}]
		if !ok {
			j = len(out)
			at[key{k.shape, k.strategy}] = j
			out = append(out, Shape{Name: a.strings.Name(k.shape), Strategy: a.strings.Name(k.strategy)})
		}
		s := &out[j]
		s.Walls[k.lane] = append(s.Walls[k.lane], r.e.Wall)
		if k.lane == stats.Optimized && r.e.Compiled() {
			s.Compiled++
			s.CompileNs += r.e.CompileNs()
		}
	}
	for i := range out {
		for l := range out[i].Walls {
			quantile.SortInts(out[i].Walls[l])
		}
	}
	n := func(s *Shape) int { return len(s.Walls[stats.Eager]) + len(s.Walls[stats.Optimized]) }
	slices.SortStableFunc(out, func(x, y Shape) int {
		return cmp.Or(cmp.Compare(y.CompileNs, x.CompileNs), cmp.Compare(n(&y), n(&x)))
	})
	return out
}

// Walls are the latencies of a lane in one segment, ascending, in ns.
func (a *Analysis) Walls(mode stats.Mode, lane stats.Lane, segment int32) []int64 {
	m := a.modes[mode]
	if m == nil {
		return nil
	}
	a.finish(m)
	return m.wallsOf(lane, func(x *exactRun) bool { return x.segment == segment })
}

// segments judges each segment of a mode alone; nil of a mode that has only one.
func (a *Analysis) segments(m *exactMode, mode stats.Mode) (out []stats.SegmentSummary) {
	var ids []int32
	for _, c := range m.runs {
		ids = append(ids, c.segment)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) < 2 {
		return nil
	}
	floor := paired.NoiseFloor(m.pairsIn(a.aaSegment), 1)
	for _, id := range ids {
		keep := func(segment int32) bool { return segment == id }
		in, aa := a.input(m, mode), a.aaSegment(id)
		noise := a.o.Noise[mode]
		if !aa {
			noise.Take(floor)
		}
		in.Facts.AA = aa
		m.weigh(&in, keep, noise, a.o.Share)
		in.Parts = a.parts(m, &in, keep)
		strategies := a.strategiesOf(m, keep)
		s := stats.SegmentSummary{Segment: strconv.Itoa(int(id)), ID: id, AA: aa, Compiled: m.compiled(stats.Optimized, keep)}
		if len(strategies) == 1 {
			s.Strategy, in.Facts.Strategy = strategies[0], strategies[0]
		}
		v := verdict.Judge(in)
		if len(strategies) > 1 {
			v.Advice = nil
		}
		s.Paradox = paradoxOf(v)
		out = append(out, s)
	}
	return out
}
