package folder

import (
	"math"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/plots"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// timeBins is the number of bins of a timeline; their width doubles as the
// session goes on.
const timeBins = 512

// track is the slowest latency of each bin of one mode and lane, ns.
type track struct {
	Max   [2 * timeBins]int64
	BinNs int64
}

func (t *track) add(atNs, wall int64) {
	if atNs < 0 {
		return
	}
	if t.BinNs == 0 {
		t.BinNs = 1e6
	}
	for atNs/t.BinNs >= 2*timeBins {
		for i := range timeBins {
			t.Max[i] = max(t.Max[2*i], t.Max[2*i+1])
		}
		clear(t.Max[timeBins:])
		t.BinNs *= 2
	}
	b := &t.Max[atNs/t.BinNs]
	*b = max(*b, wall)
}

// Rebin widens t's bins to binNs, a multiple by a power of two, in ms.
func (t *track) Rebin(binNs int64) []float64 {
	out := make([]float64, 2*timeBins)
	for i := range out {
		out[i] = math.NaN()
	}
	for i, v := range t.Max {
		if v > 0 {
			k := int64(i) * t.BinNs / binNs
			if ms := float64(v) / 1e6; !(out[k] >= ms) {
				out[k] = ms
			}
		}
	}
	return out
}

// MaxPairs bounds the pairs kept for the quantile delta and its band: the
// first of a session.
const MaxPairs = 1 << 17

// pairing matches the lanes of requests of one mode.
type pairing struct {
	open  map[uint64]openLane
	Pairs []paired.Pair
}

type openLane struct {
	lane stats.Lane
	wall int64
}

func (p *pairing) add(s *stats.Sample) {
	if len(p.Pairs) >= MaxPairs {
		p.open = nil
		return
	}
	if p.open == nil {
		p.open = map[uint64]openLane{}
	}
	o, ok := p.open[s.Request]
	if !ok || o.lane == s.Lane {
		if len(p.open) < 1<<16 {
			p.open[s.Request] = openLane{s.Lane, s.WallNs}
		}
		return
	}
	delete(p.open, s.Request)
	v := paired.Pair{Eager: o.wall, Optimized: s.WallNs}
	if o.lane == stats.Optimized {
		v = paired.Pair{Eager: s.WallNs, Optimized: o.wall}
	}
	p.Pairs = append(p.Pairs, v)
}

// mark keeps in which bins of time events of a kind fell, of each mode.
func (c *Collected) mark(e *stats.Event, startNs int64) {
	k := ModeMark{e.Mode, string(e.Kind)}
	if !plots.Marks(k.Kind) {
		return
	}
	t := c.Marks[k]
	if t == nil {
		if c.Marks == nil {
			c.Marks = map[ModeMark]*track{}
		}
		if len(c.Marks) == maxMarkTracks {
			return
		}
		t = &track{}
		c.Marks[k] = t
	}
	t.add(e.TNs-startNs, 1)
}

// maxMarkTracks bounds the modes that a record may name.
const maxMarkTracks = 256

type ModeMark struct{ Mode, Kind string }

// forPlots keeps what pictures and cold-start tables need of a sample.
func (c *Collected) forPlots(s *stats.Sample, m *Manifest) {
	if !s.Counts() {
		return
	}
	t := &c.Tracks[s.Mode][s.Lane&1]
	if *t == nil {
		*t = &track{}
	}
	(*t).add(s.StartNs-m.StartNs, s.WallNs)
	h := &c.Heats[s.Mode][s.Lane&1]
	if *h == nil {
		*h = &Heat{}
	}
	(*h).add(s.StartNs-m.StartNs, s.WallNs)
	c.Pairs[s.Mode].add(s)
	if s.Request%c.every != 0 || c.labelsErr != nil {
		return
	}
	run, err := c.runs.of(s, m, c.labels)
	if err == nil {
		err = run.Add(s.WallNs, int64(s.Seq))
	}
	c.labelsErr = err
}

// labelRuns finds the run of a sample in the cold-start tables. It is emptied
// when a model is loaded, whose name is a part of the run's.
type labelRuns struct {
	names  runNames
	byKey  map[labelKey]*labels.Run
	recent [16]recentRun // runs of the same few scenarios alternate
}

type labelKey struct {
	mode                stats.Mode
	lane                stats.Lane
	generation, segment int32
	scenario            string
}

type recentRun struct {
	key labelKey
	run *labels.Run
}

func (r *labelRuns) reset() { *r = labelRuns{names: runNames{}, byKey: map[labelKey]*labels.Run{}} }

func (r *labelRuns) of(s *stats.Sample, m *Manifest, in *labels.Analysis) (*labels.Run, error) {
	k := labelKey{s.Mode, s.Lane, s.Generation, s.Segment, s.Scenario}
	slot := uint8(len(k.scenario))
	if n := len(k.scenario); n > 0 {
		slot = k.scenario[n-1]
	}
	recent := &r.recent[(slot<<1|uint8(s.Lane))%uint8(len(r.recent))]
	if recent.run != nil && recent.key == k {
		return recent.run, nil
	}
	run := r.byKey[k]
	if run == nil {
		row := foreign.Row{File: m.RunID}
		sampleRowOf(&row, s, m, r.names)
		var err error
		if run, err = in.Run(&row); err != nil {
			return nil, err
		}
		r.byKey[k] = run
	}
	*recent = recentRun{k, run}
	return run, nil
}
