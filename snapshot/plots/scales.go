package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
)

// tailScale stretches shares towards 1: each decade of what is left takes as
// much room. last is the share of the end of the axis, below 1.
type tailScale struct{ last float64 }

func tailward(q float64) float64 { return -math.Log10(1 - q) }

// Normalize implements plot.Normalizer.
func (s tailScale) Normalize(_, _, q float64) float64 {
	return tailward(min(max(q, 0), s.last)) / tailward(s.last)
}

// tailAxis sets an axis of shares for n samples: beyond the last of them there is none.
func tailAxis(a *plot.Axis, n int) {
	s := tailScale{1 - 1/float64(max(n, 10))/2}
	a.Min, a.Max, a.Scale = 0, s.last, s
	var ticks plot.ConstantTicks
	for _, t := range []plot.Tick{{Value: 0, Label: "0"}, {Value: .5, Label: "0.5"}, {Value: .9, Label: "0.9"}, {Value: .99, Label: "0.99"}, {Value: .999, Label: "0.999"}, {Value: .9999, Label: "0.9999"}} {
		if t.Value <= s.last {
			ticks = append(ticks, t)
		}
	}
	a.Tick.Marker = ticks
}

// bentScale is linear around zero and logarithmic beyond unit, on both sides.
type bentScale struct{ unit float64 }

func (s bentScale) bend(v float64) float64 { return math.Copysign(math.Log1p(math.Abs(v)/s.unit), v) }

// Normalize implements plot.Normalizer.
func (s bentScale) Normalize(lo, hi, v float64) float64 {
	return (s.bend(v) - s.bend(lo)) / (s.bend(hi) - s.bend(lo))
}

// bentAxis sets an axis of differences from lo to hi, small and large ones alike visible.
func bentAxis(a *plot.Axis, lo, hi float64) {
	lo, hi = min(lo, 0), max(hi, 0)
	most := max(hi, -lo)
	if most == 0 {
		return
	}
	s := bentScale{most / 1000}
	a.Min, a.Max, a.Scale = lo, hi, s
	ticks := plot.ConstantTicks{{Value: 0, Label: "0"}}
	first := math.Ceil(math.Log10(most)) - 1
	for k := range 4 { // decades down from the largest
		v := math.Pow(10, first-float64(k))
		if v < 3*s.unit {
			break // too near to 0
		}
		if v <= hi {
			ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("+%g", v)})
		}
		if -v >= lo {
			ticks = append(ticks, plot.Tick{Value: -v, Label: fmt.Sprintf("−%g", v)})
		}
	}
	a.Tick.Marker = ticks
}

// secondTicks labels some ten round times.
type secondTicks struct{}

// Ticks implements plot.Ticker.
func (secondTicks) Ticks(lo, hi float64) (out []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10(max(hi-lo, 1e-9)/5)))
	for _, k := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (hi-lo)/step > 12 {
			step *= k
		}
	}
	for i := 0; lo+float64(i)*step <= hi && i < 100; i++ {
		v := lo + float64(i)*step
		out = append(out, plot.Tick{Value: v, Label: fmt.Sprintf("%g", math.Round(v/step)*step)})
	}
	return out
}
