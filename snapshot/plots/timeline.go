package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Track is the slowest latency of each bin of time, NaN where there is none.
type Track struct {
	Name string
	Max  []float64 // ms
}

// Timeline draws the slowest sample of each bin, so that no spike is lost, and
// where events happened. binS is the width of a bin in seconds. A line breaks
// where nothing was measured for long: a pause, a worker that died.
func Timeline(title string, tracks []Track, binS float64, marks []Mark) (*Picture, error) {
	lo, hi, end := math.Inf(1), 0.0, 0.0
	for _, t := range tracks {
		for i, v := range t.Max {
			if drawable(v) {
				lo, hi, end = min(lo, v), max(hi, v), max(end, float64(i+1)*binS)
			}
		}
	}
	if hi == 0 {
		return nil, nil
	}
	end = max(end, lastMark(marks))
	p := newPlot(title, "seconds since the start", "slowest latency, ms (log)")
	p.X.Min, p.X.Max = 0, end
	p.X.Tick.Marker = secondTicks{}
	kinds, err := addMarks(p, columns(marks, end), lo, hi*1.2)
	if err != nil {
		return nil, err
	}
	room := 1.0 // above the highest curve, for the legend
	if hi > lo {
		room = math.Pow(hi/lo, 0.08*float64(kinds+len(tracks)))
	}
	logAxis(&p.Y, lo, max(hi*1.2, hi*room))
	for i, t := range tracks {
		var xy plotter.XYs
		for k, v := range t.Max {
			if drawable(v) {
				xy = append(xy, plotter.XY{X: (float64(k) + .5) * binS, Y: v})
			}
		}
		name := t.Name
		for _, part := range stretches(xy, binS, end) {
			if err := jagged(p, name, part, i); err != nil {
				return nil, err
			}
			name = ""
		}
	}
	return render(p, "timeline", "The slowest sample of each stretch of time; vertical lines are events.")
}

// stretches splits a line where nothing was measured for more than a fiftieth
// of the picture and eight times what is usual between two points. A point on
// its own becomes a dash.
func stretches(xy plotter.XYs, binS, end float64) (out []plotter.XYs) {
	var gaps []float64
	for i := 1; i < len(xy); i++ {
		gaps = append(gaps, xy[i].X-xy[i-1].X)
	}
	slices.Sort(gaps)
	most := end / 50
	if len(gaps) > 0 {
		most = max(most, 8*gaps[len(gaps)/2])
	}
	for from, i := 0, 1; i <= len(xy); i++ {
		if i < len(xy) && xy[i].X-xy[i-1].X <= most {
			continue
		}
		part := xy[from:i]
		if len(part) == 1 {
			half := max(binS, end/500) / 2
			part = plotter.XYs{{X: part[0].X - half, Y: part[0].Y}, {X: part[0].X + half, Y: part[0].Y}}
		}
		out, from = append(out, part), i
	}
	return out
}

// jagged draws a line in short pieces: the rasteriser keeps the crossings of a
// path in a list a scanline, so one long zigzag takes seconds.
func jagged(p *plot.Plot, name string, xy plotter.XYs, i int) error {
	const piece = 12
	for at := 0; at < len(xy); at += piece {
		l, err := line(p, name, xy[at:min(at+piece+1, len(xy))], i)
		if err != nil {
			return err
		}
		l.Width, l.Dashes, name = vg.Points(1), nil, ""
	}
	return nil
}

// Delta is the change of quantiles, ms, with a band that may be NaN.
type Delta struct {
	Q, Delta, Lo, Hi []float64
}

// QuantileDelta draws optimized − eager at each quantile.
func QuantileDelta(title string, d Delta, caption string) (*Picture, error) {
	var mid, upper, lower plotter.XYs
	for i, q := range d.Q {
		if i < len(d.Delta) && !math.IsNaN(d.Delta[i]) && !math.IsInf(d.Delta[i], 0) {
			mid = append(mid, plotter.XY{X: q, Y: d.Delta[i]})
		}
		if i < len(d.Lo) && i < len(d.Hi) && !math.IsNaN(d.Lo[i]) && !math.IsNaN(d.Hi[i]) {
			upper = append(upper, plotter.XY{X: q, Y: d.Hi[i]})
			lower = append(lower, plotter.XY{X: q, Y: d.Lo[i]})
		}
	}
	if len(mid) == 0 {
		return nil, nil
	}
	p := newPlot(title, "quantile, the tail stretched", "optimized − eager, ms (symmetric log)")
	if len(upper) > 1 {
		slices.Reverse(lower)
		band, err := plotter.NewPolygon(slices.Concat(upper, lower))
		if err != nil {
			return nil, err
		}
		band.Color, band.LineStyle.Width = color.RGBA{0xd9, 0xc2, 0xa6, 0xff}, 0
		p.Add(band)
		p.Legend.Add("95 % band", band)
	}
	n := 10
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range mid {
		lo, hi = min(lo, v.Y), max(hi, v.Y)
		if v.X < 1 {
			n = max(n, int(1/(1-v.X)))
		}
	}
	for i := range upper {
		lo, hi = min(lo, lower[i].Y), max(hi, upper[i].Y)
	}
	zero, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 0}})
	if err != nil {
		return nil, err
	}
	zero.Color, zero.Width = color.Gray{0x60}, vg.Points(.8)
	p.Add(zero)
	if _, err := line(p, "optimized − eager", mid, 1); err != nil {
		return nil, err
	}
	tailAxis(&p.X, n)
	bentAxis(&p.Y, lo, hi)
	p.Legend.XOffs = vg.Points(8)
	return render(p, "quantile_delta", caption)
}
