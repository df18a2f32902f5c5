package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ledger"
)

// Place is where the samples of one mode, strategy, shape and scenario belong.
// A caller keeps one for those of a batch; the first that is added finds it.
type Place struct {
	scen   *scenState
	shape  *shapeState
	scenID int32
}

// Add takes in one sample, in the order of arrival. It sets the flags and the
// cause that follow from earlier samples and returns the events derived from
// it: usually none. The returned slice is valid until the next Add.
func (c *Collector) Add(s *stats.Sample) []stats.Event { return c.AddAt(s, &Place{}) }

// AddAt is Add of a sample whose place others of its batch may have found.
func (c *Collector) AddAt(s *stats.Sample, at *Place) []stats.Event {
	c.out = c.out[:0]
	if int(s.Mode) >= stats.NumModes || int(s.Lane) >= stats.NumLanes {
		return nil
	}
	s.Flags |= c.pending.take(s)
	if s.CompileNs > 0 && s.Flags&(stats.FlagCompile|stats.FlagRecompile) == 0 {
		s.Flags |= stats.FlagRecompile
	}
	m := c.mode(s.Mode)
	if at.shape == nil {
		at.scen, at.scenID = m.scenario(s.Scenario, c.o.MaxScenarios)
		at.shape = m.shapes.of(c.strings, s)
	}
	shape := at.shape
	if shape.lanes[s.Lane].seen != s.Generation+1 {
		c.noteShape(m, shape, s)
	}
	if s.CompileNs > 0 {
		shape.noteCompile(s)
	}
	switch {
	case s.Counts():
		c.count(m, at, s)
	case s.Failed && !s.Warmup && s.Segment == c.segment:
		m.lanes[s.Lane].failed++
	}
	return c.out
}

// count takes a sample that counts into everything. Most samples are ordinary:
// what follows asks first and calls only where there is something to note.
func (c *Collector) count(m *modeState, at *Place, s *stats.Sample) {
	shape, scen, lane := at.shape, at.scen, &m.lanes[s.Lane]
	c.total[s.Lane]++
	lane.n++
	scen.recent[s.Lane].add(s)
	if s.Lane == stats.Optimized {
		shape.recent.add(s)
	}
	if m.win.backlog() >= maxBacklog || m.win.full() {
		m.drain()
	}
	median := m.median(shape, s.Lane)
	if s.Clean() {
		c.noteSpike(shape, s)
	}
	late := s.Segment != c.segment
	if late {
		c.addLate(m, scen, s)
	} else if g := &scen.segment[s.Lane]; g.wantsRest(s, c.o.SLONs) {
		g.addRest(s, c.o.SLONs)
	}
	m.win.add(s, at.scenID, shape.id, late)
	rec := causeRef{early: -1, cause: stats.CauseWork}
	if late || !lane.causes.full || s.Flags != 0 || !(float64(s.WallNs) <= ledger.TailFactor*median) ||
		s.RunDelayNs > s.WallNs>>2 || s.MajFlt > 0 {
		rec = lane.judge(s, shape, !late)
	}
	if !late && !scen.run[s.Lane].settled(s.Generation) {
		c.noteRun(m, scen, s, rec)
	}
	if s.Lane == stats.Optimized && s.Mode == stats.Prefill {
		m.lengths.add(s)
	}
	m.pairUp(c, scen, shape, s)
	if lane.n >= lane.nextThreshold || float64(s.WallNs) > lane.threshold {
		c.noteTail(m, lane, s, rec)
	}
}
