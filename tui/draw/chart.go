package draw

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/guptarohit/asciigraph"

	"github.com/tailscope/tailscope/stats"
)

// Glyph is one cell of a chart: a character and whose it is.
type Glyph struct {
	R   rune
	Who int8 // 0 nobody, 1 + lane
}

// Axis maps nanoseconds to rows.
type Axis struct {
	lo, hi float64
	log    bool
	tight  bool // the ends are no round values
}

// NewAxis spans the finite values of all series; a log axis ends on 1, 2 or 5
// times a power of ten, a linear one begins at 0.
func NewAxis(log bool, series ...[]float64) Axis {
	lo, hi := math.NaN(), math.NaN()
	for _, s := range series {
		for _, x := range s {
			if plausible(x) {
				lo, hi = MinOf(lo, x), MaxOf(hi, x)
			}
		}
	}
	if !Finite(hi) || hi <= 0 {
		return Axis{lo: 0, hi: 1}
	}
	if !log {
		return Axis{lo: 0, hi: niceUp(hi)}
	}
	if !(lo > 0) {
		lo = hi / 10
	}
	a := Axis{lo: niceDown(lo), hi: niceUp(hi), log: true}
	if a.hi/a.lo < 4 {
		a.lo, a.hi = a.lo/2, a.hi*2
	}
	return a
}

// TightAxis is a logarithmic axis from lo to hi and not beyond.
func TightAxis(lo, hi float64) Axis { return Axis{lo: lo, hi: hi, log: true, tight: true} }

// plausible reports whether x can be a latency in ns: above a thousandth and under 31
// years, which keeps every power and logarithm below finite.
func plausible(x float64) bool { return x > 1e-3 && x < 1e18 }

func niceUp(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5, 10} {
		if x <= m*p*1.0000001 {
			return m * p
		}
	}
	return 10 * p
}

func niceDown(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)*(1+1e-12)))
	for _, m := range []float64{10, 5, 2} {
		if x >= m*p {
			return m * p
		}
	}
	return p
}

// At maps x to 0…1, clamped; NaN stays NaN.
func (a Axis) At(x float64) float64 {
	if math.IsNaN(x) {
		return x
	}
	var y float64
	if a.log {
		y = math.Log(math.Max(x, a.lo)/a.lo) / math.Log(a.hi/a.lo)
	} else {
		y = (x - a.lo) / (a.hi - a.lo)
	}
	return math.Min(1, math.Max(0, y))
}

// RowLabels puts round values beside the rows they fall on, at least two rows
// apart, the ends first.
func (a Axis) RowLabels(rows int) []string {
	out := make([]string, rows)
	if rows < 2 {
		return out
	}
	put := func(v float64) {
		label := Brief(v)
		if v == 0 {
			label = "0"
		}
		Apart(out, int(math.Round((1-a.At(v))*float64(rows-1))), label)
	}
	if !a.tight {
		put(a.hi)
		put(a.lo)
	}
	for _, v := range a.round() {
		put(v)
	}
	return out
}

// Apart puts a label beside row y unless one stands there or next to it.
func Apart(rows []string, y int, label string) {
	if strings.Join(rows[max(y-1, 0):min(y+2, len(rows))], "") == "" {
		rows[y] = label
	}
}

// round lists round values inside the axis, the roundest first.
func (a Axis) round() []float64 {
	var out []float64
	if !a.log {
		parts := 5.0 // hi is 1, 2 or 5 times a power of ten
		if m := a.hi / math.Pow(10, math.Floor(math.Log10(a.hi)*(1+1e-12))); m > 1.5 && m < 3 {
			parts = 4
		}
		for i := 1.0; i < parts; i++ {
			out = append(out, a.hi*i/parts)
		}
		return out
	}
	for _, m := range []float64{1, 5, 2} {
		for p := math.Pow(10, math.Floor(math.Log10(a.lo))); p <= a.hi; p *= 10 {
			if v := m * p; v > a.lo && v < a.hi {
				out = append(out, v)
			}
		}
	}
	return out
}

// columns returns the stretch [lo, hi) of n values that column c of cols
// stands for; where values are fewer than columns one value spans several.
func columns(c, cols, n int) (lo, hi int) {
	lo, hi = c*n/cols, (c+1)*n/cols
	if hi <= lo {
		hi = lo + 1
	}
	return lo, min(hi, n)
}

// pool shrinks or stretches v to exactly cols values by the maximum, so that a
// spike never disappears. NaN where a column holds nothing finite.
func pool(v []float64, cols int) []float64 {
	out := make([]float64, cols)
	for c := range out {
		out[c] = math.NaN()
		if len(v) > 0 {
			lo, hi := columns(c, cols, len(v))
			out[c] = MaxOf(v[lo:hi]...)
		}
	}
	return out
}

// The lanes differ in line as well as in colour.
var laneChars = []asciigraph.CharSet{
	{Horizontal: "╌", VerticalLine: "╎", ArcDownRight: "╭", ArcDownLeft: "╮", ArcUpRight: "╰", ArcUpLeft: "╯", EndCap: "╌", StartCap: "╌"},
	{Horizontal: "━", VerticalLine: "┃", ArcDownRight: "┏", ArcDownLeft: "┓", ArcUpRight: "┗", ArcUpLeft: "┛", EndCap: "━", StartCap: "━"},
}

// laneColors only carry through asciigraph which lane drew a cell; the screen
// paints it in its own ink.
var laneColors = []asciigraph.AnsiColor{asciigraph.AnsiColor(101), asciigraph.AnsiColor(102)}

// Plot draws the series of both lanes, one value a column, into h rows with
// asciigraph. What is no latency counts as missing; h is at least 2.
func Plot(series [stats.NumLanes][]float64, a Axis, h int) [][]Glyph {
	cols, any := len(series[0]), false
	data := make([][]float64, len(series))
	for l, s := range series {
		// asciigraph draws n−1 cells for n points
		data[l] = append(make([]float64, 0, cols+1), math.NaN())
		for _, x := range s {
			y := math.NaN()
			if plausible(x) {
				y, any = a.At(x)*float64(h-1), true
			}
			data[l] = append(data[l], y)
		}
		if cols > 0 {
			data[l][0] = data[l][1]
		}
	}
	grid := make([][]Glyph, h)
	for y := range grid {
		grid[y] = make([]Glyph, cols)
	}
	if !any || h < 2 {
		return grid
	}
	text := asciigraph.PlotMany(data, asciigraph.Height(h-1), asciigraph.Offset(2),
		asciigraph.LowerBound(0), asciigraph.UpperBound(float64(h-1)),
		asciigraph.SeriesColors(laneColors...), asciigraph.SeriesChars(laneChars...),
		asciigraph.YAxisValueFormatter(func(float64) string { return "" }))
	readPlot(grid, text)
	return grid
}

// readPlot takes asciigraph's coloured text apart into cells, dropping its
// label and axis columns, so that marks can be laid over it.
func readPlot(grid [][]Glyph, text string) {
	const margin = 2 // an empty label of one cell, and the axis
	for y, row := range strings.SplitN(text, "\n", len(grid)+1) {
		if y >= len(grid) {
			return
		}
		who, x := int8(0), 0
		for i := 0; i < len(row); {
			if strings.HasPrefix(row[i:], "\x1b[") {
				end := strings.IndexByte(row[i:], 'm')
				if end < 0 {
					break
				}
				who = colorOwner(row[i : i+end+1])
				i += end + 1
				continue
			}
			r, n := utf8.DecodeRuneInString(row[i:])
			i += n
			if c := x - margin; c >= 0 && c < len(grid[y]) && r != ' ' {
				grid[y][c] = Glyph{r, who}
			}
			x++
		}
	}
}

var laneCodes = [...]string{laneColors[0].String(), laneColors[1].String()}

func colorOwner(seq string) int8 {
	for l, c := range laneCodes {
		if seq == c {
			return int8(l + 1)
		}
	}
	return 0
}
