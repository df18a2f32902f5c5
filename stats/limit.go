package stats

import (
	"fmt"
	"math"
	"strings"
)

// Limit says how near a group comes to the least time that its work takes on
// the device, over its clean samples. docs/limits.md has the definitions.
type Limit struct {
	Share   Quantile // median of bound ÷ latency, 1 is the limit; NaN: not known
	Bound   float64  // mean of the bounds, ns
	Compute float64  // of the bound, the share that operations set; bytes set the rest

	// How what is above the bound splits, as shares of it that add up to 1. NaN: not known.
	Padding float64 // moving and computing what padding adds
	Host    float64 // outside the device's own events: latency − device time
	Device  float64 // inside them: kernels above their bound, and gaps between kernels
}

// NoLimit is the limit of nothing.
func NoLimit() Limit {
	nan := math.NaN()
	return Limit{Share: Quantile{Q: .5, Value: nan, Lo: nan, Hi: nan}, Bound: nan, Compute: nan, Padding: nan, Host: nan, Device: nan}
}

// Known reports whether there is a share.
func (l *Limit) Known() bool { return l.Share.N > 0 && !math.IsNaN(l.Share.Value) }

// By is what binds: "memory", "compute", or both with the share of the first; ""
// where it is not known.
func (l *Limit) By() string {
	switch m := 1 - l.Compute; {
	case math.IsNaN(m):
		return ""
	case m >= 0.995:
		return "memory"
	case m < 0.005:
		return "compute"
	case m >= 0.5:
		return fmt.Sprintf("memory %.0f %%", 100*m)
	}
	return fmt.Sprintf("compute %.0f %%", 100*l.Compute)
}

// LimitPct is a share of the limit in percent, with as many digits as tell.
func LimitPct(share float64) string {
	switch pct := 100 * share; {
	case math.IsNaN(share):
		return "—"
	case pct >= 10:
		return fmt.Sprintf("%.0f %%", pct)
	case pct >= 1:
		return fmt.Sprintf("%.1f %%", pct)
	case pct >= 0.01:
		return fmt.Sprintf("%.2f %%", pct)
	}
	return "< 0.01 %"
}

// Words are the gauge in a phrase: "62 % of the limit, memory"; "" where it is not known.
func (l *Limit) Words() string {
	if !l.Known() {
		return ""
	}
	return LimitPct(l.Share.Value) + " of the limit, " + l.By()
}

// Gap says how what is above the limit splits: "gap: 12 % padding, 20 % host,
// 68 % device"; "" where it is not known.
func (l *Limit) Gap() string {
	var parts []string
	for _, x := range []struct {
		name string
		v    float64
	}{{"padding", l.Padding}, {"host", l.Host}, {"device", l.Device}} {
		if x.v >= 0.005 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s", 100*x.v, x.name))
		}
	}
	if parts == nil {
		return ""
	}
	return "gap: " + strings.Join(parts, ", ")
}
