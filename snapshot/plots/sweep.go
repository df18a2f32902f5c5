package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// SweepLine is one quantity over the swept values: Y[i] in ms belongs to the
// i-th value, NaN where there is none.
type SweepLine struct {
	Name   string
	Y      []float64
	Color  int  // lines of a lane share one
	Dashed bool // of a quantile in the tail
}

// Sweep draws lines over the values of a swept key. Where every value is a
// number they stand where they belong, on a log axis when they span more than
// a decade; otherwise one beside the other, by name.
func Sweep(title, key string, values []string, numbers []float64, lines []SweepLine) (*Picture, error) {
	lo, hi := math.Inf(1), 0.0
	for _, l := range lines {
		for _, v := range l.Y {
			if v > 0 && !math.IsInf(v, 0) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if hi == 0 {
		return nil, nil
	}
	p := newPlot(title, key, "latency, ms (log)")
	p.Legend.XOffs = width * 0.02
	logAxis(&p.Y, lo/1.1, hi*math.Pow(hi/lo*1.3, 0.25)) // room for the legend
	x := sweepAxis(p, values, numbers)
	for _, l := range lines {
		var xy plotter.XYs
		for i, v := range l.Y {
			if i < len(x) && v > 0 && !math.IsInf(v, 0) {
				xy = append(xy, plotter.XY{X: x[i], Y: v})
			}
		}
		if err := sweepLine(p, l, xy); err != nil {
			return nil, err
		}
	}
	return render(p, "sweep", "One session a point. Solid: median, dashed: p99.")
}

// sweepAxis places the values on the x axis, with a tick at each.
func sweepAxis(p *plot.Plot, values []string, numbers []float64) []float64 {
	x := numbers
	if len(numbers) != len(values) || len(values) == 0 {
		x = make([]float64, len(values))
		for i := range x {
			x[i] = float64(i)
		}
	}
	var ticks plot.ConstantTicks
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, v := range values {
		ticks = append(ticks, plot.Tick{Value: x[i], Label: v})
		lo, hi = min(lo, x[i]), max(hi, x[i])
	}
	if lo > 0 && hi > 10*lo {
		p.X.Scale = plot.LogScale{}
		p.X.Min, p.X.Max = lo/math.Pow(hi/lo, 0.04), hi*math.Pow(hi/lo, 0.04)
	} else {
		pad := max((hi-lo)*0.05, 1e-9)
		p.X.Min, p.X.Max = lo-pad, hi+pad
	}
	p.X.Tick.Marker = ticks
	return x
}

func sweepLine(p *plot.Plot, l SweepLine, xy plotter.XYs) error {
	if len(xy) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(xy)
	if err != nil {
		return err
	}
	c := color.RGBA(colorOf(l.Color))
	line.Color, line.Width = c, vg.Points(1.6)
	points.Color, points.Shape, points.Radius = c, draw.CircleGlyph{}, vg.Points(2.5)
	if l.Dashed {
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
		points.Shape = draw.RingGlyph{}
	}
	p.Add(line, points)
	p.Legend.Add(l.Name, line, points)
	return nil
}
