package limit

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Scale is how many units of Ratio make 1.
const Scale = 1e9

// Known reports whether a sample can say how near it came: it is clean and has a bound.
func Known(s *stats.Sample) bool { return s.BoundNs > 0 && s.WallNs > 0 && s.Clean() }

// Ratio is bound ÷ latency, in units of 1 ÷ Scale.
func Ratio(boundNs, wallNs int64) int64 {
	return int64(math.Round(min(float64(boundNs)/float64(wallNs), 1e6) * Scale))
}

// Sums are over samples with a bound.
type Sums struct {
	N, Timed                              int // samples, and those of them with device times
	Wall, Device, Bound, Compute, Padding int64
}

// Add takes in one sample; device is stats.Absent where it is not timed.
func (u *Sums) Add(wall, device, bound, compute, padding int64) {
	u.N++
	u.Wall, u.Bound, u.Compute, u.Padding = u.Wall+wall, u.Bound+bound, u.Compute+max(compute, 0), u.Padding+max(padding, 0)
	if device > stats.Absent {
		u.Timed++
		u.Device += min(device, wall)
	}
}

// Merge adds the samples of o.
func (u *Sums) Merge(o Sums) {
	u.N, u.Timed = u.N+o.N, u.Timed+o.Timed
	u.Wall, u.Device, u.Bound, u.Compute, u.Padding = u.Wall+o.Wall, u.Device+o.Device, u.Bound+o.Bound, u.Compute+o.Compute, u.Padding+o.Padding
}

// Describe makes a Limit of the sums and of the median of Ratio.
func (u *Sums) Describe(ratio stats.Quantile) stats.Limit {
	l := stats.NoLimit()
	if u.N == 0 || u.Bound <= 0 {
		return l
	}
	l.Share = ratio
	l.Share.Value, l.Share.Lo, l.Share.Hi = ratio.Value/Scale, ratio.Lo/Scale, ratio.Hi/Scale
	l.Bound, l.Compute = float64(u.Bound)/float64(u.N), float64(u.Compute)/float64(u.Bound)
	gap := float64(u.Wall - u.Bound)
	if gap <= 0 {
		return l
	}
	l.Padding = min(float64(u.Padding)/gap, 1)
	if u.Timed == u.N {
		l.Host = min(float64(u.Wall-u.Device)/gap, 1-l.Padding)
		l.Device = 1 - l.Padding - l.Host
	}
	return l
}

// Group keeps the limit of a group that grows. The zero value is empty.
type Group struct {
	Sums
	ratio *quantile.MomentDist
}

// Add takes in a sample; one without a bound, or not clean, says nothing.
func (g *Group) Add(s *stats.Sample) {
	if !Known(s) {
		return
	}
	if g.ratio == nil {
		g.ratio = new(quantile.MomentDist)
	}
	g.Sums.Add(s.WallNs, s.DeviceNs, s.BoundNs, s.BoundComputeNs, s.PaddingNs)
	g.ratio.Record(Ratio(s.BoundNs, s.WallNs))
}

// Merge adds the samples of o.
func (g *Group) Merge(o *Group) {
	if o.N == 0 {
		return
	}
	if g.ratio == nil {
		g.ratio = new(quantile.MomentDist)
	}
	g.Sums.Merge(o.Sums)
	g.ratio.Merge(o.ratio)
}

// Reset empties the group and keeps its memory.
func (g *Group) Reset() {
	if g.Sums = (Sums{}); g.ratio != nil {
		g.ratio.Reset()
	}
}

// Describe is the group's limit. spread is that of its latencies.
func (g *Group) Describe(spread quantile.Spread) stats.Limit {
	if g.N == 0 {
		return stats.NoLimit()
	}
	g.ratio.Spread = spread
	q := [1]stats.Quantile{{Q: .5}}
	g.ratio.Quantiles(q[:])
	return g.Sums.Describe(q[0])
}
