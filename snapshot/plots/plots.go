package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"sort"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Size of every picture.
const (
	width  = 9 * vg.Inch
	height = 4.2 * vg.Inch
	dpi    = 110
)

// Series is a named set of values in ms.
type Series struct {
	Name   string
	Sorted []float64 // ascending
}

// Picture is one plot in both formats.
type Picture struct {
	Name, Caption string
	PNG, SVG      []byte
}

// Alt says in words what the picture shows, for who cannot see it.
func (p *Picture) Alt() string {
	lane, heat := strings.CutPrefix(p.Name, "heat_")
	if heat {
		return "heat map: requests of the " + lane + " lane by time and latency"
	}
	if s := map[string]string{"cdf_latency_overall": "curves: the share of samples at or below each latency, by lane", "histogram": "histogram: samples by latency, by lane",
		"timeline": "timeline: the slowest sample of each stretch of time, by lane, and when events happened", "quantile_delta": "curve: by how much the optimized lane differs at each quantile, with a 95 % band"}[p.Name]; s != "" {
		return s
	}
	return "plot: " + strings.ReplaceAll(p.Name, "_", " ")
}

// palette: distinguishable without colour vision, in the order of series.
var palette = []color.RGBA{{0xd9, 0x6c, 0x06, 0xff}, {0x1f, 0x6f, 0xd6, 0xff}, {0x2a, 0x8c, 0x4a, 0xff}, {0x8e, 0x44, 0xad, 0xff},
	{0x7f, 0x6b, 0x00, 0xff}, {0xc0, 0x39, 0x2b, 0xff}}

func colorOf(i int) color.RGBA { return palette[i%len(palette)] }

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(6)
	p.Legend.Top, p.Legend.Left = true, true // text left of which nothing stands cannot overlap with any font
	p.Legend.Padding, p.Legend.XOffs = vg.Points(3), width*0.7
	p.Add(plotter.NewGrid())
	return p
}

// render draws p in both formats. A panic of the library becomes an error.
func render(p *plot.Plot, name, caption string) (pic *Picture, err error) {
	defer func() {
		if x := recover(); x != nil {
			pic, err = nil, fmt.Errorf("draw %s: %v", name, x)
		}
	}()
	var raster, svg bytes.Buffer
	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	p.Draw(draw.New(c))
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&raster, c.Image()); err != nil {
		return nil, err
	}
	s := vgsvg.New(width, height)
	p.Draw(draw.New(s))
	if _, err := s.WriteTo(&svg); err != nil {
		return nil, err
	}
	return &Picture{Name: name, Caption: caption, PNG: raster.Bytes(), SVG: []byte(plain.Text(svg.String()))}, nil
}

// logAxis sets an axis to a log scale over positive limits.
func logAxis(a *plot.Axis, lo, hi float64) {
	if lo == hi {
		lo, hi = lo/1.1, hi*1.1
	}
	a.Min, a.Max = lo, hi
	a.Scale = plot.LogScale{}
	a.Tick.Marker = logTicks{}
}

// logTicks labels 1, 2 and 5 of each decade, or only decades over a wide range.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	wide := math.Log10(hi/lo) > 3
	first := math.Floor(math.Log10(lo))
	for e := first; e <= math.Log10(hi); e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, e)
			if v < lo || v > hi {
				continue
			}
			t := plot.Tick{Value: v}
			if m == 1 || !wide && (m == 2 || m == 5) {
				t.Label = fmt.Sprintf("%g", v)
			}
			out = append(out, t)
		}
	}
	if len(out) < 2 {
		out = []plot.Tick{{Value: lo, Label: fmt.Sprintf("%.3g", lo)}, {Value: hi, Label: fmt.Sprintf("%.3g", hi)}}
	}
	return out
}

// drawable says whether a log axis can show v.
func drawable(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// positive drops what a log axis cannot show; v is ascending.
func positive(v []float64) []float64 {
	for len(v) > 0 && !drawable(v[0]) {
		v = v[1:]
	}
	for len(v) > 0 && !drawable(v[len(v)-1]) {
		v = v[:len(v)-1]
	}
	return v
}

// limits of all series, ok false without a value.
func limits(s []Series) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), 0
	for i := range s {
		if v := positive(s[i].Sorted); len(v) > 0 {
			lo, hi = min(lo, v[0]), max(hi, v[len(v)-1])
		}
	}
	return lo, hi, hi > 0
}

func line(p *plot.Plot, name string, xy plotter.XYs, i int) (*plotter.Line, error) {
	l, err := plotter.NewLine(xy)
	if err != nil {
		return nil, err
	}
	l.Color, l.Width = colorOf(i), vg.Points(1.6)
	if i%2 == 1 {
		l.Dashes = []vg.Length{vg.Points(6), vg.Points(2)}
	}
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
	return l, nil
}

// CDF draws the empirical distribution functions. It returns nil without a
// value to draw.
func CDF(title string, s []Series) (*Picture, error) {
	lo, hi, ok := limits(s)
	if !ok {
		return nil, nil
	}
	p := newPlot(title, "latency, ms (log)", "share of samples at or below")
	logAxis(&p.X, lo, hi)
	most := 0
	for i := range s {
		most = max(most, len(positive(s[i].Sorted)))
	}
	p.Legend.XOffs = vg.Points(8) // at the left top no curve is
	for i := range s {
		v := positive(s[i].Sorted)
		if len(v) == 0 {
			continue
		}
		if _, err := line(p, fmt.Sprintf("%s (n = %d)", s[i].Name, len(v)), cdfPoints(v), i); err != nil {
			return nil, err
		}
	}
	tailAxis(&p.Y, most)
	return render(p, "cdf_latency_overall", "Share of samples at or below a latency, the tail stretched. A curve that leans right at the top is a tail.")
}

// cdfPoints takes at most some 1,400 points, all of the largest 200.
func cdfPoints(v []float64) plotter.XYs {
	n := len(v)
	step := max(1, n/1200)
	var out plotter.XYs
	for i := 0; i < n; i++ {
		if i%step == 0 || i >= n-200 {
			out = append(out, plotter.XY{X: v[i], Y: float64(i+1) / float64(n)})
		}
	}
	return out
}

// Histogram draws counts over logarithmic bins.
func Histogram(title string, s []Series) (*Picture, error) {
	lo, hi, ok := limits(s)
	if !ok {
		return nil, nil
	}
	if lo == hi {
		lo, hi = lo/1.1, hi*1.1
	}
	const bins = 80
	p := newPlot(title, "latency, ms (log)", "samples a bin (log)")
	logAxis(&p.X, lo, hi)
	most := 1.0
	for i := range s {
		var counts [bins]float64
		v, from := positive(s[i].Sorted), 0
		for k := range counts {
			to := len(v)
			if k < bins-1 {
				to = sort.SearchFloat64s(v, lo*math.Pow(hi/lo, float64(k+1)/bins))
			}
			counts[k], from = float64(max(to-from, 0)), max(to, from)
		}
		var xy plotter.XYs
		for k, c := range counts {
			most = max(most, c)
			y := max(c, 0.5)
			xy = append(xy, plotter.XY{X: lo * math.Pow(hi/lo, float64(k)/bins), Y: y}, plotter.XY{X: lo * math.Pow(hi/lo, float64(k+1)/bins), Y: y})
		}
		if _, err := line(p, s[i].Name, xy, i); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.Y.Max = 0.5, most*1.3
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	return render(p, "histogram", "Samples a bin, both axes logarithmic; the floor of the picture is an empty bin.")
}
