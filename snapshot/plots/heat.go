package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// Grid is a heat map: how many requests fell into each bin of time and of latency.
type Grid struct {
	N    [][]uint32 // by time, then by latency
	BinS float64    // width of a bin of time, seconds
	Ms   []float64  // least latency of each row and the bound of the last, ascending at equal ratios or nearly so
}

// cells is the used part of a Grid as gonum wants it, counts as logarithms.
type cells struct {
	g              *Grid
	cols, from, to int // rows from … to−1
}

func (c cells) Dims() (int, int) { return c.cols, c.to - c.from }
func (c cells) X(i int) float64  { return (float64(i) + .5) * c.g.BinS }

// Y is a row's place on an axis of equal rows.
func (c cells) Y(r int) float64 { return float64(c.from+r) + .5 }

func (c cells) Z(i, r int) float64 {
	if n := c.g.N[i][c.from+r]; n > 0 {
		return math.Log1p(float64(n))
	}
	return math.NaN() // nothing is drawn
}

// used is the part of both maps in which anything fell, one frame for both.
func used(grids []*Grid) (cols, from, to int) {
	from = math.MaxInt
	for _, g := range grids {
		for i, col := range g.N {
			for r, n := range col {
				if n > 0 {
					cols, from, to = max(cols, i+1), min(from, r), max(to, r+1)
				}
			}
		}
	}
	return cols, from, to
}

// shades go from a tint of a series' colour to the colour, darkened.
type shades color.RGBA

func (s shades) Colors() []color.Color {
	out := make([]color.Color, 32)
	for i := range out {
		t := float64(i) / float64(len(out)-1) // 0: a tint, 1: dark
		mix := func(v uint8) uint8 { return uint8(235*(1-t)*(1-t) + float64(v)*(1-(1-t)*(1-t))*(1-.45*t)) }
		out[i] = color.RGBA{mix(s.R), mix(s.G), mix(s.B), 0xff}
	}
	return out
}

// rowTicks labels round latencies where they lie between rows of a heat map, the first of which is from.
func rowTicks(ms []float64, from int) (out plot.ConstantTicks) {
	for _, t := range (logTicks{}).Ticks(ms[0], ms[len(ms)-1]) {
		for r := 1; r < len(ms); r++ {
			if t.Value <= ms[r] && ms[r] > ms[r-1] {
				part := math.Log(t.Value/ms[r-1]) / math.Log(ms[r]/ms[r-1])
				out = append(out, plot.Tick{Value: float64(from+r-1) + part, Label: t.Label})
				break
			}
		}
	}
	return out
}

// Heat draws lane number k of the grids, in a frame that all of them share; nil
// where there is too little to be a map.
func Heat(title, name string, grids []*Grid, k int) (*Picture, error) {
	cols, from, to := used(grids)
	if cols < 2 || to-from < 2 {
		return nil, nil
	}
	c := cells{grids[k], cols, from, to}
	h := plotter.NewHeatMap(c, shades(colorOf(k)))
	if !(h.Max > 0) {
		return nil, nil // this lane has nothing
	}
	h.Min = 0
	p := newPlot(title+", "+name, "seconds since the start", "latency, ms (log)")
	p.Add(h)
	p.X.Min, p.X.Max = 0, float64(cols)*c.g.BinS
	p.Y.Min, p.Y.Max = float64(from), float64(to)
	p.Y.Tick.Marker = rowTicks(c.g.Ms[from:to+1], from)
	return render(p, "heat_"+name, "Requests by time and latency, the "+name+" lane: the darker a cell, the more of them (logarithmic).")
}
