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
	Few    []bool // of each value: too few samples support it; nil: none
	Color  int    // lines of a lane share one
	Dashed bool   // of a quantile in the tail
}

// Sweep draws lines over the values of a swept key. Where every value is a
// number they stand where they belong, on a log axis when they span more than
// a decade; otherwise one beside the other, by name.
func Sweep(title, key string, values []string, numbers []float64, lines []SweepLine) (*Picture, error) {
	lo, hi := math.Inf(1), 0.0
	for _, l := range lines {
		for _, v := range l.Y {
			if drawable(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if hi == 0 {
		return nil, nil
	}
	p := newPlot(title, key, "latency, ms (log)")
	p.Legend.XOffs = width * 0.02
	free := min(0.05*float64(len(lines))+0.03, 0.7) // of the height, for the legend
	logAxis(&p.Y, lo/1.1, lo/1.1*math.Pow(hi/lo*1.2, 1/(1-free)))
	x := sweepAxis(p, values, numbers)
	doubt := false
	for _, l := range lines {
		var xy, few plotter.XYs
		for i, v := range l.Y {
			if i < len(x) && drawable(v) {
				xy = append(xy, plotter.XY{X: x[i], Y: v})
				if i < len(l.Few) && l.Few[i] {
					few = append(few, xy[len(xy)-1])
				}
			}
		}
		if err := sweepLine(p, l, xy, few); err != nil {
			return nil, err
		}
		doubt = doubt || len(few) > 0
	}
	if doubt {
		p.Title.Text += " (crosses: too few samples)"
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

// sweepLine draws a line through xy, with a cross on each point of few.
func sweepLine(p *plot.Plot, l SweepLine, xy, few plotter.XYs) error {
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
	if len(few) == 0 {
		return nil
	}
	crosses, err := plotter.NewScatter(few)
	if err != nil {
		return err
	}
	crosses.Color, crosses.Shape, crosses.Radius = c, draw.CrossGlyph{}, vg.Points(5)
	p.Add(crosses)
	return nil
}
