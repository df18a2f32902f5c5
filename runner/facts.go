package runner

import (
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
)

// identity is what is known of the lanes now.
func (s *Session) identity() Identity {
	id := Identity{Loaded: s.eng.loaded, Counters: s.eng.counters, Evidence: s.eng.evidence, Mode: s.queue.mode(),
		Strategy: s.set.strategy, AA: s.set.aa, Limit: s.cfg.Limit()}
	if s.eng.hello != nil {
		id.Strategies = s.eng.hello.Strategies
	}
	return id
}

// feedStats tells the statistics what samples do not tell: evidence, counters
// and settings, the ground of verdict and advice.
func (s *Session) feedStats() {
	if s.eng.loaded == nil {
		return
	}
	lane := s.identity().Lane(stats.Optimized)
	s.rec.coll.SetFacts(stats.Facts{CompilerReal: lane.CompilerReal, Why: lane.Why,
		Strategy: s.set.strategy.Label(s.queue.mode()), Checks: lane.Checks, Diverged: lane.Diverged, MaxRelL2: lane.MaxRelL2})
}

// takeCounters keeps the state of the compile cache for gauge and journal.
func (s *Session) takeCounters(m *protocol.Counters) {
	s.eng.counters = *m
	s.rec.keep(s.rec.sink.Counters(*m))
	for _, g := range m.Groups {
		s.rec.coll.SetGauge(live.GaugeInput{Mode: g.Mode, Strategy: g.Strategy, Used: g.UniqueGraphs, Limit: g.RecompileLimit,
			Reached: g.LimitReached, Compiles: g.Compiles + g.Recompiles, WorkerStarts: int(s.rec.gen)})
	}
}
