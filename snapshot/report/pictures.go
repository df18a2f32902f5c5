package report

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/plots"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// pictures draws the plots of one mode.
func pictures(c *folder.Collected, mode stats.Mode) ([]*plots.Picture, error) {
	m, series := c.Manifest, seriesOf(c.Tables, mode.String())
	title := fmt.Sprintf("%s, %s, %s", cmp.Or(m.Model.Name, m.RunID), mode, m.Settings.Strategy)
	var out []*plots.Picture
	var firstErr error
	keep := func(p *plots.Picture, err error) {
		if err != nil && firstErr == nil {
			firstErr = err
		}
		if p != nil {
			out = append(out, p)
		}
	}
	if n := c.Segments(mode); n > 1 { // their sum is of nothing that ran
		title = fmt.Sprintf("%s, %s, %d segments", cmp.Or(m.Model.Name, m.RunID), mode, n)
	} else {
		keep(plots.CDF(title, series))
		keep(plots.Histogram(title, series))
		keep(deltaPlot(c, title, mode))
	}
	keep(timeline(c, title, mode))
	grids, names := grids(c, mode)
	for k, name := range names {
		keep(plots.Heat(title, name, grids, k))
	}
	return out, firstErr
}

// seriesOf converts the overall groups of a mode to ms.
func seriesOf(rep *labels.Report, mode string) []plots.Series {
	var out []plots.Series
	for i := range rep.Overall {
		g := &rep.Overall[i]
		if g.Mode != mode {
			continue
		}
		out = append(out, plots.Series{Name: g.Backend, Sorted: inMs(g.Sorted())})
	}
	return out
}

func inMs(ns []int64) []float64 {
	out := make([]float64, len(ns))
	for i, v := range ns {
		out[i] = float64(v) / 1e6
	}
	return out
}

func timeline(c *folder.Collected, title string, mode stats.Mode) (*plots.Picture, error) {
	var binNs int64
	for _, t := range c.Tracks[mode] {
		if t != nil {
			binNs = max(binNs, t.BinNs)
		}
	}
	var tracks []plots.Track
	for l, t := range c.Tracks[mode] {
		if t != nil {
			tracks = append(tracks, plots.Track{Name: stats.Lane(l).String(), Max: t.Rebin(binNs)})
		}
	}
	var marks []plots.Mark
	for k, t := range c.Marks {
		if k.Mode != "" && k.Mode != mode.String() {
			continue
		}
		for i, v := range t.Max {
			if v > 0 {
				marks = append(marks, plots.Mark{S: (float64(i) + .5) * float64(t.BinNs) / 1e9, Kind: k.Kind})
			}
		}
	}
	return plots.Timeline(title, tracks, float64(binNs)/1e9, marks)
}

// grids are the heat maps of a mode's lanes, in bins of equal width.
func grids(c *folder.Collected, mode stats.Mode) (out []*plots.Grid, names []string) {
	var binNs int64
	for _, h := range c.Heats[mode] {
		if h != nil {
			binNs = max(binNs, h.BinNs)
		}
	}
	for l, h := range c.Heats[mode] {
		if h == nil {
			continue
		}
		h.Widen(binNs)
		g := &plots.Grid{BinS: float64(binNs) / 1e9}
		for i := range h.N {
			g.N = append(g.N, h.N[i][:])
		}
		for r := range len(h.N[0]) + 1 {
			g.Ms = append(g.Ms, h.RowNs(r)/1e6)
		}
		out, names = append(out, g), append(names, stats.Lane(l).String())
	}
	return out, names
}

func deltaPlot(c *folder.Collected, title string, mode stats.Mode) (*plots.Picture, error) {
	pairs := c.Pairs[mode].Pairs
	if len(pairs) == 0 {
		return nil, nil
	}
	b := paired.Bootstrap(pairs, paired.BootstrapOptions{Resamples: min(max(8_000_000/len(pairs), 100), 1000), Seed: 1})
	d := plots.Delta{Q: b.DeltaQ}
	for i, q := range b.DeltaQ {
		if q > 1-1/float64(len(pairs)) {
			d.Q = d.Q[:i] // beyond there is no sample
			break
		}
		d.Delta = append(d.Delta, b.Delta[i]/1e6)
		d.Lo, d.Hi = append(d.Lo, at(b.Lo, i)/1e6), append(d.Hi, at(b.Hi, i)/1e6)
	}
	caption := fmt.Sprintf("Quantile of the optimized lane minus quantile of the eager lane, over %d pairs. The band resamples blocks of %d consecutive pairs %d times; where too few samples lie beyond a quantile there is none.",
		len(pairs), b.Block, b.Resamples)
	if len(pairs) >= folder.MaxPairs {
		caption += fmt.Sprintf(" It rests on the first %d pairs.", folder.MaxPairs)
	}
	return plots.QuantileDelta(title, d, caption)
}

func at(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return math.NaN()
}

// writePictures writes pictures as PNG and SVG into a folder in dir.
func writePictures(dir *door.Dir, sub string, pics []*plots.Picture) error {
	into, err := dir.Make(sub)
	if err != nil {
		return err
	}
	defer into.Close()
	for _, p := range pics {
		if err := into.WriteFile(filepath.Base(p.Name+".png"), p.PNG); err != nil {
			return err
		}
		if err := into.WriteFile(filepath.Base(p.Name+".svg"), p.SVG); err != nil {
			return err
		}
	}
	return nil
}

// tabled are the quantiles that tables have: curves have them to the digit.
var tabled = []float64{.5, .9, .95, .99, .999}

// curvesOf are the quantiles of a mode's lanes, closer towards the tail: linear
// between closest ranks, as everywhere.
func curvesOf(c *folder.Collected, mode stats.Mode) (out []curve) {
	for _, s := range seriesOf(c.Tables, mode.String()) {
		if k, ok := curveOf(plain.Line(s.Name), s.Sorted); ok {
			out = append(out, k)
		}
	}
	return out
}

// curveOf is one of ascending latencies in ms; false where there is too little to draw.
func curveOf(name string, sorted []float64) (curve, bool) {
	n := len(sorted)
	if n < 2 || sorted[0] <= 0 {
		return curve{}, false
	}
	qs := slices.DeleteFunc(slices.Clone(tabled), func(q float64) bool { return q > 1-1/float64(n) }) // beyond there is no sample
	for i := 0; i < n; i += max(1, (n-i)/60) {                                                        // a sixtieth of what is left
		qs = append(qs, float64(i)/float64(n-1))
	}
	slices.Sort(qs)
	k := curve{Name: name}
	for _, q := range slices.Compact(qs) {
		k.Q, k.Ms = append(k.Q, q), append(k.Ms, round(quantile.Percentile(sorted, q), 1e-6))
	}
	return k, true
}

func round(v, to float64) float64 { return math.Round(v/to) * to }
