package live

import (
	"github.com/tailscope/tailscope/stats"
)

// Place is where the samples of one mode, strategy, shape and scenario belong.
// A caller keeps one for those of a batch; the first that is added finds it.
type Place struct {
	scen   *scenState
	shape  *shapeState
	cell   *cell
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
	if e := c.pending.of(s); e != nil {
		s.Flags |= e.flags
	}
	if s.CompileNs > 0 && s.Flags&(stats.FlagCompile|stats.FlagRecompile) == 0 {
		s.Flags |= stats.FlagRecompile
	}
	m := c.modes[s.Mode]
	if m == nil {
		m = c.mode(s.Mode)
	}
	if at.shape == nil {
		at.scen, at.scenID = m.scenario(s.Scenario, c.o.MaxScenarios)
		at.shape = m.shapes.of(c.strings, s)
		at.cell = m.cellOf(at.scen, at.shape)
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
	lane, shape := &m.lanes[s.Lane], &at.shape.lanes[s.Lane]
	lane.n++
	if m.backlog.n >= m.backlog.room {
		m.drain()
	}
	if shape.spikes.n >= shape.medianAt {
		m.renew(at.shape, s.Lane)
	}
	if !s.Tagged() && !shape.spikes.ordinary(s.WallNs) {
		c.noteSpike(at.shape, s)
	}
	late := s.Segment != c.segment
	if late {
		c.addLate(m, at, s)
	} else if wantsRest(s) {
		at.scen.segment[s.Lane].addRest(s)
	}
	m.backlog.put(s, at, late)
	rec := causeRef{early: -1, cause: stats.CauseWork}
	if late || !lane.causes.full || s.Flags != 0 || s.WallNs > shape.usual || s.RunDelayNs > s.WallNs>>2 || s.MajFlt > 0 {
		rec = lane.judge(s, at.shape, !late)
	}
	if !late && m.settled[at.scenID*stats.NumLanes+int32(s.Lane)] != s.Generation+1 {
		c.noteRun(m, at, s, rec)
	}
	if s.Lane == stats.Optimized && s.Mode == stats.Prefill {
		m.lengths.add(s)
	}
	if lane.n >= lane.nextThreshold || s.WallNs > lane.usual {
		c.noteTail(m, lane, s, rec)
	}
}
