package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/detect"
)

// seriesMax bounds what detectors look at: the latest samples of each lane, or
// every stride-th of them.
const seriesMax = 600

// detect runs every detector over the window ring, about once a second of a
// busy run: their work is kept until a fiftieth of the samples is new. The
// count of compared outputs grows all the time and is no reason to look again;
// an output that differs is.
func (c *Collector) detect(m *modeState) []stats.Detection {
	n := m.samples()
	if m.detected != nil && n < m.detectedN+max(m.detectedN/50, 20) && n-m.detectedN < 1000 && c.facts.Diverged == m.detectedDiverged {
		return m.detected
	}
	in := c.detectorInput(m)
	out := make([]stats.Detection, 0, 7)
	for _, d := range detect.Detectors() {
		out = append(out, d.Check(&in))
	}
	m.detected, m.detectedN, m.detectedDiverged = out, n, c.facts.Diverged
	return out
}

func (c *Collector) detectorInput(m *modeState) detect.Input {
	in := detect.Input{Checks: c.facts.Checks, Diverged: c.facts.Diverged, MaxRelL2: c.facts.MaxRelL2, SeriesStride: 1}
	for l := range m.lanes {
		in.Runs[l], in.Judged[l], in.ColdRuns[l] = m.lanes[l].runs, m.lanes[l].judged, m.lanes[l].cold
	}
	from := max(0, m.win.n-8*seriesMax)
	for i := from; i < m.win.n; i++ {
		e := m.win.at(i)
		in.Recent[e.lane()]++
		if e.flags&stats.FlagSpike != 0 {
			in.Spikes[e.lane()]++
		}
		if e.lane() == stats.Optimized && e.flags&stats.FlagShapeNew != 0 {
			in.NewShapes++
		}
		if e.lane() == stats.Optimized && e.flags&(stats.FlagCompile|stats.FlagRecompile) != 0 {
			in.Compiles++
		}
	}
	in.SeriesStride = max(1, (m.win.n-from)/(2*seriesMax))
	seen := [stats.NumLanes]int{}
	for i := from; i < m.win.n; i++ {
		e := m.win.at(i)
		if e.flags&(stats.EventFlags|stats.FlagShapeNew) != 0 || e.shape < 0 {
			continue
		}
		med := m.shapes.all[e.shape].lanes[e.lane()].median
		if seen[e.lane()]++; seen[e.lane()]%in.SeriesStride == 0 && med > 0 {
			in.Series[e.lane()] = append(in.Series[e.lane()], float64(e.wall)/med)
		}
	}
	return in
}
