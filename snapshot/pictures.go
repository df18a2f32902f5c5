package snapshot

import (
	"fmt"
	"math"
	"path/filepath"

	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/plots"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// pictures draws the plots of one mode.
func (c *collected) pictures(m *Manifest, mode stats.Mode, rep *labels.Report) ([]*plots.Picture, error) {
	series := seriesOf(rep, mode.String())
	title := fmt.Sprintf("%s, %s, %s", orElse(m.Model.Name, m.RunID), mode, m.Settings.Strategy)
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
	keep(plots.CDF(title, series))
	keep(plots.Histogram(title, series))
	keep(c.timeline(title, mode))
	keep(c.quantileDelta(title, mode))
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
		s := plots.Series{Name: g.Backend, Sorted: make([]float64, 0, len(g.Sorted()))}
		for _, v := range g.Sorted() {
			s.Sorted = append(s.Sorted, float64(v)/1e6)
		}
		out = append(out, s)
	}
	return out
}

func (c *collected) timeline(title string, mode stats.Mode) (*plots.Picture, error) {
	var binNs int64
	for _, t := range c.tracks[mode] {
		if t != nil {
			binNs = max(binNs, t.binNs)
		}
	}
	var tracks []plots.Track
	for l, t := range c.tracks[mode] {
		if t != nil {
			tracks = append(tracks, plots.Track{Name: stats.Lane(l).String(), Max: t.rebin(binNs)})
		}
	}
	var marks []plots.Mark
	for k, t := range c.marks {
		if k.mode != "" && k.mode != mode.String() {
			continue
		}
		for i, v := range t.max {
			if v > 0 {
				marks = append(marks, plots.Mark{S: (float64(i) + .5) * float64(t.binNs) / 1e9, Kind: k.kind})
			}
		}
	}
	return plots.Timeline(title, tracks, float64(binNs)/1e9, marks)
}

func (c *collected) quantileDelta(title string, mode stats.Mode) (*plots.Picture, error) {
	pairs := c.pairs[mode].pairs
	if len(pairs) == 0 {
		return nil, nil
	}
	b := paired.Bootstrap(pairs, paired.BootstrapOptions{Resamples: min(max(8_000_000/len(pairs), 100), 1000), Seed: 1})
	d := plots.Delta{Q: b.DeltaQ}
	for i := range b.DeltaQ {
		d.Delta = append(d.Delta, b.Delta[i]/1e6)
		d.Lo, d.Hi = append(d.Lo, at(b.Lo, i)/1e6), append(d.Hi, at(b.Hi, i)/1e6)
	}
	caption := fmt.Sprintf("Quantile of the optimized lane minus quantile of the eager lane, over %d pairs. The band resamples blocks of %d consecutive pairs %d times; where too few samples lie beyond a quantile there is none.",
		len(pairs), b.Block, b.Resamples)
	if len(pairs) >= maxPairs {
		caption += fmt.Sprintf(" It rests on the first %d pairs.", maxPairs)
	}
	return plots.QuantileDelta(title, d, caption)
}

func at(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return math.NaN()
}

// writePictures writes pictures as PNG and SVG into dir.
func writePictures(dir string, pics []*plots.Picture) error {
	for _, p := range pics {
		if err := writeFile(dir, filepath.Base(p.Name+".png"), p.PNG); err != nil {
			return err
		}
		if err := writeFile(dir, filepath.Base(p.Name+".svg"), p.SVG); err != nil {
			return err
		}
	}
	return nil
}
